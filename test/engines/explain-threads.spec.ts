import type { WorkerOptions } from 'node:worker_threads';
import { beforeEach, expect, it, vi } from 'vitest';
import type { CollectRules } from '../../src/collections/engine/survey.js';
import { explainInStorage } from '../../src/collections/engines/sexton/explain.js';
import { withStorage, type StorageAt } from '../../src/collections/engines/sexton/open-storage.js';
import { NO_TRACING } from '../../src/telemetry/tracing/tracing.js';
import { StoreFiles } from '../collections/store-files.js';

/** What each thread was told when it was started; it is a real one, of what was built. */
const told: unknown[] = [];

vi.mock('node:worker_threads', async (original) => {
  const real = await original<typeof import('node:worker_threads')>();
  class Watched extends real.Worker {
    constructor(entry: URL, options: WorkerOptions) {
      super(new URL(entry.href.replace('/src/', '/dist/').replace(/ts$/, 'js')), options);
      told.push(options.workerData);
    }
  }
  return { ...real, Worker: Watched };
});

beforeEach(() => {
  told.length = 0;
});

const storageOf = (files: StoreFiles): StorageAt => ({
  layout: 'v2',
  directory: files.root,
  cachePath: `${files.root}/.cache/references`,
  threads: 1,
  ioLimit: null,
  now: Date.now,
  tracing: NO_TRACING,
});

const RULES: CollectRules = { graceMs: 0, untaggedMinAgeMs: null };

it('no thread rests while somebody waits for why a blob is still there', async () => {
  const files = new StoreFiles();
  const { config } = files.image('team/app', { tags: ['v1'] });
  const found = await explainInStorage(storageOf(files), config, RULES, () => true);
  expect(found.standing).toBe('needed');
  expect(told).toMatchObject([{ background: true, rests: false }]);
});

it('threads rest when nobody waits', async () => {
  const files = new StoreFiles();
  files.image('team/app', { tags: ['v1'] });
  await withStorage(storageOf(files), ({ surveyor }) => surveyor.look(RULES));
  expect(told).toMatchObject([{ background: true, rests: true }]);
});
