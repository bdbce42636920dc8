import { setImmediate } from 'node:timers/promises';
import { afterEach, beforeEach, expect, it, onTestFinished } from 'vitest';
import { announceChange } from '../../src/database/announce.js';
import { DeletionChanges } from '../../src/deletions/deletion-changes.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';

/** Longer than any change takes to be heard: who waits this long heard nothing. */
const LONG_MS = 1_000;

let database: TestDatabase;
let changes: DeletionChanges;
beforeEach(async () => {
  database = await createTestDatabase('empty');
  changes = new DeletionChanges(database.url);
  changes.start();
});
afterEach(async () => {
  await changes.stop();
  await database.drop();
});

/** Until a change of `id` is heard, which the listener may not be there for at first. */
const untilHeard = async (id: string): Promise<void> => {
  const watch = changes.watch(id, new AbortController().signal);
  for (;;) {
    const began = performance.now();
    await announceChange(database.db, id);
    await watch.next(LONG_MS);
    if (performance.now() - began < LONG_MS - 50) break;
  }
  watch.end();
};

it('notes a change that comes while nobody waits, once', async () => {
  await untilHeard('first');
  const watch = changes.watch('one', new AbortController().signal);
  await announceChange(database.db, 'one');
  // Announced after it, so heard after it.
  await untilHeard('another');
  const heard: string[] = [];
  void watch.next(LONG_MS).then(() => heard.push('once'));
  await setImmediate();
  expect(heard).toEqual(['once']);
  void watch.next(LONG_MS).then(() => heard.push('again'));
  await setImmediate();
  expect(heard).toEqual(['once']);
  watch.end();
});

it('ends every wait when Sexton stops, or whoever watches goes', async () => {
  const gone = new AbortController();
  const watch = changes.watch('one', gone.signal);
  const waiting = watch.next(LONG_MS);
  gone.abort();
  await waiting;
  expect(watch.isOver).toBe(true);
  const other = changes.watch('other', new AbortController().signal);
  const stopping = other.next(LONG_MS);
  void changes.stop();
  await stopping;
  expect(other.isOver).toBe(true);
});

it('may be watched by many', async () => {
  const warnings: Error[] = [];
  const onWarning = (warning: Error): void => void warnings.push(warning);
  process.on('warning', onWarning);
  onTestFinished(() => void process.off('warning', onWarning));
  const watches = Array.from({ length: 50 }, (_, n) => changes.watch(`${n}`, new AbortController().signal));
  await setImmediate();
  expect(warnings).toEqual([]);
  for (const watch of watches) watch.end();
});
