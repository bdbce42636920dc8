import type { Config } from '../config/config.js';
import type { Db } from '../database/database.js';
import type { Logger } from '../telemetry/logger.js';
import { recordConfiguration, SEXTON_ITSELF } from './configuration-changes.js';
import type { AuditLog } from './audit-log.js';

interface Process {
  readonly config: Pick<Config, 'settings'>;
  readonly db: Db;
  readonly log: Logger;
  readonly worker: string;
}

/** Records that this process starts, and whether its configuration is another one than at the start before. */
export const recordStart = async (
  { config, db, worker }: Process,
  audit: AuditLog,
  role: string,
): Promise<void> => {
  const configuration = await recordConfiguration(db, audit, config.settings, worker);
  const details = { role, worker, configuration };
  await audit.record(db, { action: 'gateway.started', outcome: 'succeeded', actor: SEXTON_ITSELF, details });
};

/** Records an orderly stop; one that is killed leaves no event. A database that is away keeps nobody from stopping. */
export const recordStop = async (
  { db, log, worker }: Process,
  audit: AuditLog,
  role: string,
): Promise<void> => {
  const details = { role, worker };
  await audit
    .record(db, { action: 'gateway.stopped', outcome: 'succeeded', actor: SEXTON_ITSELF, details })
    .catch((error: unknown) => log.warn({ err: error }, 'the stop could not be recorded'));
};
