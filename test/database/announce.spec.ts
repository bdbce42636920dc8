import { once } from 'node:events';
import pg from 'pg';
import { sql } from 'kysely';
import { afterEach, beforeEach, expect, it } from 'vitest';
import { announceChange, CHANGES_CHANNEL } from '../../src/database/announce.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

let database: TestDatabase;
let listener: pg.Client;
const heard: string[] = [];

beforeEach(async () => {
  database = await createTestDatabase('empty');
  heard.length = 0;
  listener = new pg.Client({ connectionString: database.url });
  await listener.connect();
  await listener.query(`listen ${CHANGES_CHANNEL}`);
  listener.on('notification', ({ payload }) => heard.push(payload ?? ''));
});
afterEach(async () => {
  await listener.end();
  await database.drop();
});

/** Notifications come in the order of the commits, so whatever was announced before has come as well. */
const heardUntil = async (last: string): Promise<readonly string[]> => {
  await announceChange(database.db, last);
  while (heard.at(-1) !== last) await once(listener, 'notification');
  return heard.slice(0, -1);
};

it('announces what a transaction changed once it has committed, each once', async () => {
  await database.db.transaction().execute(async (tx) => {
    await announceChange(tx, 'one');
    await announceChange(tx, 'two');
    await announceChange(tx, 'one');
    expect(await heardUntil('before the commit')).toEqual([]);
    heard.length = 0;
  });
  expect(await heardUntil('after it')).toEqual(['one', 'two']);
});

it('announces nothing of a transaction that was rolled back, nor with the next one on its connection', async () => {
  const failing = database.db.transaction().execute(async (tx) => {
    await announceChange(tx, 'never');
    throw new Error('no');
  });
  await expect(failing).rejects.toThrow('no');
  await database.db.transaction().execute(async (tx) => {
    await sql`select 1`.execute(tx);
    await announceChange(tx, 'next');
  });
  expect(await heardUntil('end')).toEqual(['next']);
});
