import { Migrator, sql, type Migration } from 'kysely';
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
import * as webhooks from './migrations/0010-webhooks.js';
import * as operations from './migrations/0011-operations.js';
import * as executedBy from './migrations/0012-executed-by.js';

/** What a build knows of the schema. */
export interface Build {
  /** In order, forward only: a migration expands the schema, and contracts it only one version later. */
  readonly migrations: Readonly<Record<string, Migration>>;
  /**
   * The last migration of the oldest build that may still work on the schema of this one. Moved on with the migration that
   * contracts something, to the build that no longer needs it.
   */
  readonly oldestBuild: string;
}

export const THIS_BUILD: Build = {
  migrations: {
    '0001-deletions': deletions,
    '0002-audit': audit,
    '0003-api-keys': apiKeys,
    '0004-restore': restore,
    '0005-selectors': selectors,
    '0006-registry-token-secrets': registryTokenSecrets,
    '0007-collections': collections,
    '0008-audit-evidence': auditEvidence,
    '0009-guardrails': guardrails,
    '0010-webhooks': webhooks,
    '0011-operations': operations,
    '0012-executed-by': executedBy,
  },
  oldestBuild: '0011-operations',
};

/** Held while a process looks and migrates, so that two which start at once take turns. */
const TURN_KEY = 7_365_787_412;

/**
 * Brings the schema up to date. Safe to call from many processes at once, also of two versions: in a rolling upgrade a
 * process of the older one may start again on the newer schema, if that schema says that it still serves it. Throws where
 * it does not, and where the database knows another history than this build.
 */
export const migrateToLatest = async (db: Db, build: Build = THIS_BUILD): Promise<void> =>
  db.connection().execute(async (connection) => {
    await sql`select pg_advisory_lock(${TURN_KEY})`.execute(connection);
    try {
      await migrate(connection, build);
    } finally {
      await sql`select pg_advisory_unlock(${TURN_KEY})`.execute(connection);
    }
  });

const migrate = async (db: Db, { migrations, oldestBuild }: Build): Promise<void> => {
  const newer = await newerThan(db, Object.keys(migrations));
  // Kysely refuses a database with migrations that it does not know; these were looked at, and have run.
  const known = { ...migrations, ...Object.fromEntries(newer.map((name) => [name, HAS_RUN])) };
  const migrator = new Migrator({ db, provider: { getMigrations: async () => known } });
  const { error } = await migrator.migrateToLatest();
  if (error) throw error instanceof Error ? error : new Error('migration failed', { cause: error });
  if (newer.length > 0) return;
  await db
    .insertInto('schema_compatibility')
    .values({ id: 1, oldest_build: oldestBuild })
    .onConflict((conflict) => conflict.column('id').doUpdateSet({ oldest_build: oldestBuild }))
    .execute();
};

const HAS_RUN: Migration = {
  up: async () => {
    throw new Error('a migration of a newer version cannot run here');
  },
};

/** Migrations of a newer version that ran already, if this build may work beside it. */
const newerThan = async (db: Db, ours: readonly string[]): Promise<readonly string[]> => {
  const there = await sql<{ migrations: string | null }>`
    select to_regclass('kysely_migration') as migrations`.execute(db);
  if (there.rows[0]?.migrations == null) return [];
  const { rows } = await sql<{ name: string }>`select name from kysely_migration order by name`.execute(db);
  const executed = rows.map(({ name }) => name);
  const unknown = executed.filter((name) => !ours.includes(name));
  if (unknown.length === 0) return [];
  const last = ours.at(-1) ?? '';
  const pending = ours.filter((name) => !executed.includes(name));
  const [stranger = pending[0]] = unknown.filter((name) => name < last);
  if (stranger !== undefined) {
    throw new Error(
      `the database has another history than this version of Sexton: see migration ${stranger}. Nothing was changed`,
    );
  }
  const compatibility = await db.selectFrom('schema_compatibility').selectAll().executeTakeFirst();
  if (!compatibility || compatibility.oldest_build > last) {
    throw new Error(
      `the database belongs to a newer version of Sexton (migration ${unknown.at(-1)}), which serves versions from ${compatibility?.oldest_build ?? 'its own'} on; this one ends with ${last}. Start the newer version. Nothing was changed`,
    );
  }
  return unknown;
};
