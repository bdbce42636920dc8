import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase, createPool } from '../../src/database/database.js';
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.js';
import { migrateToLatest } from '../../src/database/migrate.js';

/**
 * One real PostgreSQL for the whole run, with a migrated template database; each test file clones its own
 * (test/support/database.ts).
 */
export default async function setup(): Promise<() => Promise<void>> {
  const dataDir = await mkdtemp(join(tmpdir(), 'sexton-test-'));
  const postgres = await startEmbeddedPostgres(dataDir);
  const pool = createPool(postgres.url, 2);
  const db = createDatabase(pool);
  await migrateToLatest(db);
  await db.destroy();
  process.env['SEXTON_TEST_DATABASE_URL'] = postgres.url;
  return async () => {
    await postgres.stop();
    await rm(dataDir, { recursive: true, force: true });
  };
}
