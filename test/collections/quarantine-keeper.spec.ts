import { afterAll, beforeAll, expect, it } from 'vitest';
import { FileJournal } from '../../src/collections/engine/file-journal.js';
import { QuarantineKeeper } from '../../src/collections/service/quarantine-keeper.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { NO_TRACING } from '../../src/telemetry/tracing/tracing.js';
import { collectionOptions, HOUR, NIGHT } from '../support/collections.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { collectIn } from './collecting.js';
import { StoreFiles } from './store-files.js';

const IN_WINDOW = NIGHT + 1.5 * HOUR;
const AFTER_IT = NIGHT + 2.5 * HOUR;

let database: TestDatabase;
beforeAll(async () => {
  database = await createTestDatabase();
});
afterAll(() => database?.drop());

/** A store with one dead image in quarantine, long enough to go; `inRound` happens once a round holds its lock. */
const aRound = async (
  inRound: (clock: { nowMs: number }, stop: AbortController) => void = () => undefined,
  beginMs = IN_WINDOW,
) => {
  const files = new StoreFiles();
  const { digest } = files.image('team/app', { tags: ['v1'], layers: ['one'] });
  files.deleteThroughApi('team/app', digest);
  await collectIn(files.root);
  const waiting = async () => (await new FileJournal(files.root).list(['quarantined'])).length;
  const before = await waiting();
  const clock = { nowMs: beginMs };
  const stop = new AbortController();
  const options = collectionOptions({ kind: 'sexton', storage: files.root, threads: 0 });
  await database.pool.query('delete from collection_registries');
  const keeper = new QuarantineKeeper(
    database.db,
    new Map([[options.registry, options]]),
    () => ({
      layout: 'v2',
      directory: files.root,
      cachePath: `${files.root}/.cache/references`,
      threads: 0,
      ioLimit: null,
      now: () => clock.nowMs,
      tracing: NO_TRACING,
    }),
    (_, { claim, formerWorker }) => ({
      claim,
      formerWorker,
      recorder: { record: async () => undefined },
      catchUp: async () => inRound(clock, stop),
    }),
    () => clock.nowMs,
    NO_TRACING,
    createLogger('silent'),
    'a-host/1',
  );
  await keeper.round(new Set(), stop.signal);
  return { before, after: await waiting() };
};

it('purges in a window what has waited for the retention', async () => {
  const { before, after } = await aRound();
  expect(before).toBeGreaterThan(0);
  expect(after).toBe(0);
});

it('purges nothing before the retention is over, nor outside of the windows', async () => {
  const today = Math.floor(Date.now() / (24 * HOUR)) * 24 * HOUR;
  // In a window of the six days that come.
  for (const days of [1, 6]) {
    const early = await aRound(undefined, today + days * 24 * HOUR + 2.5 * HOUR);
    expect(early.after).toBe(early.before);
  }
  const late = await aRound(undefined, AFTER_IT);
  expect(late.after).toBe(late.before);
});

it('purges nothing once the window has closed while it looked (TRAPS 32)', async () => {
  const { before, after } = await aRound((clock) => (clock.nowMs = AFTER_IT));
  expect(after).toBe(before);
});

it('purges nothing once Sexton stops', async () => {
  const { before, after } = await aRound((_, stop) => stop.abort());
  expect(after).toBe(before);
});
