import { readdir, stat } from 'node:fs/promises';
import { join } from 'node:path';
import type pg from 'pg';
import { vi } from 'vitest';
import type { CollectionOptions } from '../../src/collections/collection-options.js';
import type { CollectionView } from '../../src/collections/service/collections.dto.js';
import { parseRegistryName } from '../../src/oci/names.js';
import type { TestApi } from './gateway.js';

/** Far enough for every file of a test to be older than any grace period. A Monday, 01:00 UTC. */
export const NIGHT = Date.parse('2099-06-01T01:00:00Z');
export const HOUR = 3_600_000;

export const WEEK = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

/** Collection of the registry `prod`, by default by Sexton itself between 02:00 and 03:00 UTC. */
export const collectionOptions = (
  engine: CollectionOptions['engine'],
  changes: Partial<CollectionOptions> = {},
): CollectionOptions => ({
  registry: parseRegistryName('prod'),
  engine,
  rules: {
    windows: [{ days: WEEK, startMinute: 120, endMinute: 180, timezone: 'UTC' }],
    blackouts: [],
  },
  isAutomatic: false,
  graceMs: 2 * HOUR,
  retentionMs: 7 * 24 * HOUR,
  untaggedMinAgeMs: null,
  untaggedDefaultMinAgeMs: 24 * HOUR,
  batchSize: 200,
  ioLimit: null,
  healEveryMs: 180_000,
  pollEveryMs: 10,
  ...changes,
});

/** Asks for a collection as the admin. */
export const askForCollection = async (
  api: TestApi,
  body: Record<string, unknown> = {},
): Promise<CollectionView> => {
  const request = { registry: 'prod', when: 'now', reason: 'a test', ...body };
  const response = await api.post('/v1/collections').send(request).expect(202);
  return response.body as CollectionView;
};

/** Reads the collection until it is in one of `states`. */
export const untilState = (
  api: TestApi,
  id: string,
  ...states: CollectionView['state'][]
): Promise<CollectionView> =>
  vi.waitFor(
    async () => {
      const answer = await api.get(`/v1/collections/${id}`).expect(200);
      const collection = answer.body as CollectionView;
      if (states.includes(collection.state)) return collection;
      throw new Error(
        `${collection.state}, not ${states.join(' or ')}: ${JSON.stringify(collection.problem)}`,
      );
    },
    { timeout: 30_000, interval: 25 },
  );

export const collectAndWait = async (
  api: TestApi,
  body: Record<string, unknown> = {},
): Promise<CollectionView> => {
  const { id } = await askForCollection(api, body);
  return untilState(api, id, 'succeeded', 'failed');
};

/** Bytes of every file below, quarantine and journal included. */
export const bytesBelow = async (folder: string): Promise<number> => {
  let total = 0;
  for (const entry of await readdir(folder, { withFileTypes: true, recursive: true })) {
    if (entry.isFile()) total += (await stat(join(entry.parentPath, entry.name))).size;
  }
  return total;
};

const GATE = 424_242;

export interface BatchGate {
  /** Resolves when `collectors` stand before it: the batch has moved, and is not noted yet. */
  arrived(collectors?: number): Promise<void>;
  open(): Promise<void>;
}

/** Holds every collector that comes to note its batch number `batch` in this database, until the gate opens. */
export const gateAtBatch = async (pool: pg.Pool, batch: number): Promise<BatchGate> => {
  await pool.query(`
    create or replace function hold_batch() returns trigger language plpgsql as $$
    begin
      if new.batch = ${batch} and new.item = 0 and new.state = 'quarantined' then
        perform pg_advisory_xact_lock(${GATE});
      end if;
      return new;
    end $$`);
  await pool.query(`
    create or replace trigger hold_batch before insert on collection_entries
    for each row execute function hold_batch()`);
  const keeper = await pool.connect();
  await keeper.query(`select pg_advisory_lock(${GATE})`);
  return {
    arrived: (collectors = 1) =>
      vi.waitFor(
        async () => {
          const { rows } = await pool.query<{ waiting: number }>(
            `select count(*)::int as waiting from pg_locks
             where locktype = 'advisory' and not granted and objid = ${GATE}
               and database = (select oid from pg_database where datname = current_database())`,
          );
          if (rows[0]?.waiting !== collectors) throw new Error(`${rows[0]?.waiting} wait at the gate`);
        },
        { timeout: 30_000, interval: 10 },
      ),
    open: async () => {
      await keeper.query(`select pg_advisory_unlock(${GATE})`);
      keeper.release();
    },
  };
};
