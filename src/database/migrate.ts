import { Migrator, type Migration } from 'kysely';
import type { Db } from './database.js';
import * as deletions from './migrations/0001-deletions.js';
import * as audit from './migrations/0002-audit.js';
import * as apiKeys from './migrations/0003-api-keys.js';
import * as restore from './migrations/0004-restore.js';
import * as selectors from './migrations/0005-selectors.js';
import * as registryTokenSecrets from './migrations/0006-registry-token-secrets.js';
import * as collections from './migrations/0007-collections.js';
import * as auditEvidence from './migrations/0008-audit-evidence.js';
import * as guardrails from './migrations/0009-guardrails.js';
import * as traceparent from './migrations/0011-traceparent.js';

/** In order, forward only: a migration expands the schema, and contracts it only one version later. */
const MIGRATIONS: Readonly<Record<string, Migration>> = {
  '0001-deletions': deletions,
  '0002-audit': audit,
  '0003-api-keys': apiKeys,
  '0004-restore': restore,
  '0005-selectors': selectors,
  '0006-registry-token-secrets': registryTokenSecrets,
  '0007-collections': collections,
  '0008-audit-evidence': auditEvidence,
  '0009-guardrails': guardrails,
  '0011-traceparent': traceparent,
};

/** Brings the schema up to date. Safe to call from many processes at once: Kysely's migrator takes a lock. */
export const migrateToLatest = async (db: Db): Promise<void> => {
  const migrator = new Migrator({ db, provider: { getMigrations: async () => ({ ...MIGRATIONS }) } });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error instanceof Error ? error : new Error('migration failed', { cause: error });
};
