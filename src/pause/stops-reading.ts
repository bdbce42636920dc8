import type { Db } from '../database/database.js';
import type { StopReading } from '../telemetry/installation-metrics.js';

/** Which of `registries` are paused or left alone now. */
export const readStops = async (db: Db, registries: readonly string[]): Promise<StopReading[]> => {
  const pauses = await db.selectFrom('pauses').select('registry').where('ended_at', 'is', null).execute();
  const parked = await db
    .selectFrom('parked_registries')
    .select('registry')
    .where('until', '>', new Date())
    .execute();
  return registries.map((registry) => ({
    registry,
    isPaused: pauses.some((pause) => pause.registry === null || pause.registry === registry),
    isParked: parked.some((parking) => parking.registry === registry),
  }));
};
