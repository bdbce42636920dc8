import { randomBytes } from 'node:crypto';
import pg from 'pg';
import { createDatabase, createPool, type Db } from '../../src/database/database.js';

export interface TestDatabase {
  readonly url: string;
  readonly pool: pg.Pool;
  readonly db: Db;
  drop(): Promise<void>;
}

const asAdmin = async (url: URL, statement: string): Promise<void> => {
  const admin = new pg.Client({
    connectionString: Object.assign(new URL(url), { pathname: '/postgres' }).href,
  });
  await admin.connect();
  try {
    await admin.query(statement);
  } finally {
    await admin.end();
  }
};

/** A database of the test's own, on the run's PostgreSQL: migrated, or with nothing in it. */
export const createTestDatabase = async (
  content: 'migrated' | 'empty' = 'migrated',
): Promise<TestDatabase> => {
  const template = new URL(process.env['SEXTON_TEST_DATABASE_URL'] ?? 'missing: run through vitest');
  const name = `test_${randomBytes(8).toString('hex')}`;
  const from = content === 'migrated' ? template.pathname.slice(1) : 'template0';
  await asAdmin(template, `create database ${name} template ${from}`);
  const url = Object.assign(new URL(template), { pathname: `/${name}` }).href;
  const pool = createPool(url, 20);
  const db = createDatabase(pool);
  return {
    url,
    pool,
    db,
    drop: async () => {
      await db.destroy();
      await asAdmin(template, `drop database ${name} with (force)`);
    },
  };
};
