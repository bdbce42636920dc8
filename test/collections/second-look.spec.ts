import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { collect, type CollectHooks, type CollectOptions } from '../../src/collections/engine/collect.js';
import { FileJournal } from '../../src/collections/engine/file-journal.js';
import * as layout from '../../src/storage/layout.js';
import type { Digest } from '../../src/oci/digest.js';
import { COLLECT_UNTAGGED, OPTIONS, surveyorIn } from './collecting.js';
import { StoreFiles, type StoredImage } from './store-files.js';

const all = ({ digest, config, layers }: StoredImage): Digest[] => [digest, config, ...layers];

const aStore = () => {
  const files = new StoreFiles();
  files.image('team/app', { tags: ['v1'], layers: ['base'] });
  const dead = files.image('team/app', { layers: ['dead'] });
  files.deleteThroughApi('team/app', dead.digest);
  const loose = files.image('team/app', { layers: ['loose'] });
  return { files, dead, loose };
};

/** Of a run that takes untagged manifests, what went; `meanwhile` happens after its look and before its first batch. */
const wentOf = async (
  files: StoreFiles,
  meanwhile: () => void,
  options: Partial<CollectOptions> = {},
  hooks: CollectHooks = {},
): Promise<string[]> => {
  const journal = new FileJournal(files.root);
  let isDone = false;
  const mayGoOn = (): boolean => {
    if (!isDone) meanwhile();
    return (isDone = true);
  };
  await collect(
    surveyorIn(files.root),
    journal,
    { ...COLLECT_UNTAGGED, ...OPTIONS, ...options },
    { mayGoOn, ...hooks },
  );
  return (await journal.list(['moving', 'quarantined', 'restored'])).map(({ digest }) => digest);
};

const touch = (files: StoreFiles, path: string): void => {
  const now = new Date();
  fs.utimesSync(join(files.root, path), now, now);
};

const makeUnreadable = (files: StoreFiles, path: string): void => {
  fs.rmSync(join(files.root, path), { force: true });
  fs.symlinkSync('nowhere', join(files.root, path));
};

describe('what was found to be dead stays, where just before its batch', () => {
  it('an upload has renewed the blob, or its link', async () => {
    const { files, dead } = aStore();
    const [layer] = dead.layers;
    const went = await wentOf(files, () => {
      touch(files, layout.blobData(dead.config));
      touch(files, layout.layerLink('team/app', layer ?? ''));
    });
    expect(went).toContain(dead.digest);
    expect(went).not.toContain(dead.config);
    expect(went).not.toContain(layer);
  });

  it('the blob is gone', async () => {
    const { files, dead } = aStore();
    const went = await wentOf(files, () => files.remove(layout.blobData(dead.config)));
    expect(went).toContain(dead.digest);
    expect(went).not.toContain(dead.config);
    expect(files.has(layout.layerLink('team/app', dead.config))).toBe(true);
  });

  it('its link as a manifest cannot be looked at', async () => {
    const { files, dead, loose } = aStore();
    const went = await wentOf(files, () => {
      for (const { digest } of [dead, loose]) makeUnreadable(files, layout.revisionLink('team/app', digest));
    });
    expect(went).not.toContain(dead.digest);
    expect(went).not.toContain(loose.digest);
  });
});

describe('a run', () => {
  const ONE_BY_ONE = { batchSize: 1, untaggedMinAgeMs: null };

  it('looks again once its mark has aged: what is pushed by then does not go, and what went is back before the next batch', async () => {
    const { files, dead } = aStore();
    files.blob('a stray');
    let batches = 0;
    const went = await wentOf(
      files,
      () => undefined,
      { ...ONE_BY_ONE, remarkAfterMs: -1 },
      {
        mayGoOn: () => true,
        aroundBatch: async (work) => {
          batches += 1;
          for (const digest of batches === 2 ? all(dead) : []) expect(files.hasBlob(digest)).toBe(true);
          const moved = await work();
          if (batches === 1) files.put(layout.revisionLink('team/app', dead.digest), dead.digest);
          return moved;
        },
      },
    );
    expect(went.filter((digest) => all(dead).some((each) => each === digest)).length).toBeLessThanOrEqual(1);
    for (const digest of all(dead)) expect(files.hasBlob(digest)).toBe(true);
  });

  it('ends after the batch in which its signal aborts, or it may not go on; the next one goes on under its id', async () => {
    const { files } = aStore();
    const stop = new AbortController();
    const went = await wentOf(files, () => undefined, ONE_BY_ONE, {
      mayGoOn: () => true,
      signal: stop.signal,
      aroundBatch: (work) => {
        stop.abort();
        return work();
      },
    });
    expect(went).toHaveLength(1);
    const journal = new FileJournal(files.root);
    expect(await journal.runs()).toMatchObject([{ id: 'run-1', state: 'running' }]);
    const options = { ...COLLECT_UNTAGGED, ...OPTIONS, newRunId: () => 'run-2' };
    const next = await collect(surveyorIn(files.root), journal, options);
    expect([next.run, next.isFinished]).toEqual(['run-1', true]);
    const waiting = await journal.list(['quarantined']);
    expect(new Set(waiting.map(({ batch, item }) => `${batch}/${item}`)).size).toBe(waiting.length);
  });
});
