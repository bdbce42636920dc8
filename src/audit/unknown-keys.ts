import type { Db } from '../database/database.js';
import type { Logger } from '../telemetry/logger.js';
import { trustedKeys, type AuditOptions } from './audit-options.js';

/** A key that signed checkpoints, and by which none of them can be checked any more. */
interface UnknownKey {
  /** RFC 7638 thumbprint. */
  readonly keyId: string;
  readonly checkpoints: number;
  readonly lastCheckpoint: number;
}

/** One row for each checkpoint is read, of which ten minutes make one: tens of thousands a year. */
const unknownKeys = async (db: Db, options: AuditOptions): Promise<readonly UnknownKey[]> => {
  const known = new Set(trustedKeys(options).map(({ id }) => id));
  const rows = await db
    .selectFrom('audit_checkpoints')
    .select((eb) => [
      'key_id as keyId',
      eb.fn.countAll<number>().as('checkpoints'),
      eb.fn.max('number').as('lastCheckpoint'),
    ])
    .groupBy('key_id')
    .orderBy('lastCheckpoint')
    .execute();
  return rows
    .filter(({ keyId }) => !known.has(keyId))
    .map((row) => ({ ...row, checkpoints: Number(row.checkpoints) }));
};

/** Says at the start, and not at the next verification, whose public key was forgotten when the signing key changed. */
export const warnOfUnknownKeys = async (db: Db, options: AuditOptions, log: Logger): Promise<void> => {
  for (const unknown of await unknownKeys(db, options)) {
    log.warn(unknown, 'audit checkpoints are signed by a key that is not configured');
  }
};
