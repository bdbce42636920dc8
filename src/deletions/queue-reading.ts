import { sql } from 'kysely';
import type { Db } from '../database/database.js';

interface QueueReading {
  readonly registry: string;
  readonly waiting: number;
  readonly oldestSeconds: number;
}

/** What waits to be planned or carried out, by registry; from PostgreSQL, since the queue only carries wake-ups. */
export const readQueue = async (db: Db): Promise<QueueReading[]> => {
  // Served by the partial index deletions_open.
  const { rows } = await sql<QueueReading>`
    select registry, count(*)::int as waiting,
           extract(epoch from now() - min(created_at))::float8 as "oldestSeconds"
    from deletions where state in ('planning', 'queued') group by registry`.execute(db);
  return rows;
};
