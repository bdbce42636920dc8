import { generateKeyPairSync } from 'node:crypto';
import { AuditLog } from '../../src/audit/audit-log.js';
import { UNSIGNED, type AuditOptions } from '../../src/audit/audit-options.js';
import type { NewAuditEvent } from '../../src/audit/audit-event.js';
import { CheckpointSigner } from '../../src/audit/checkpoint-signer.js';
import { AuditSealer } from '../../src/audit/sealer.js';
import { readSigningKey, type SigningKey } from '../../src/audit/signing-key.js';
import { createLogger } from '../../src/telemetry/logger.js';
import type { TestDatabase } from './database.js';

const logger = createLogger('silent');

export const aSigningKeyPem = (): string =>
  generateKeyPairSync('ed25519').privateKey.export({ type: 'pkcs8', format: 'pem' }).toString();

export const aSigningKey = (): SigningKey => {
  const key = readSigningKey(aSigningKeyPem());
  if (key === null) throw new Error('no key was made');
  return key;
};

/** What one process has of the audit log. */
export const auditParts = (
  { db }: Pick<TestDatabase, 'db'>,
  change: Partial<AuditOptions> = {},
  log = new AuditLog(),
) => {
  const options: AuditOptions = { ...UNSIGNED, ...change };
  const signer = new CheckpointSigner(db, options, logger);
  return { options, log, signer, sealer: new AuditSealer(db, log, signer, logger) };
};

export const anAuditEvent = (change: Partial<NewAuditEvent> = {}): NewAuditEvent => ({
  action: 'target.deleted',
  actor: { id: 'key_1', name: 'team-a ci', address: '10.1.2.3' },
  outcome: 'succeeded',
  registry: 'prod',
  repository: 'team-a/app',
  reference: 'v1.0',
  bytes: 12_345_678_901,
  reason: 'CVE-2026-1234',
  details: { tags: ['v1.0', 'stable'], ratio: 0.1, big: 1e300, none: null, é: '\u2028' },
  ...change,
});

/** Records `count` events, `v0`, `v1` …; returns their ids. */
export const recordEvents = async (
  { db }: Pick<TestDatabase, 'db'>,
  log: AuditLog,
  count: number,
): Promise<string[]> => {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.push(await log.record(db, anAuditEvent({ reference: `v${i}` })));
  return ids;
};

/** What only the owner of the tables can do, and what the chain is there to show. */
export const tamper = async ({ pool }: TestDatabase, ...statements: string[]): Promise<void> => {
  const client = await pool.connect();
  try {
    for (const table of ['audit_events', 'audit_seals', 'audit_checkpoints'])
      await client.query(`alter table ${table} disable trigger all`);
    await client.query('alter table audit_seals drop constraint if exists audit_seals_event_position_fkey');
    for (const statement of statements) await client.query(statement);
  } finally {
    client.release(true);
  }
};
