import * as fs from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import type { StorageAt } from '../../src/collections/engines/sexton/open-storage.js';
import { withStorage, withStorageLock } from '../../src/collections/engines/sexton/open-storage.js';
import { RecordingJournal } from '../../src/collections/engines/sexton/recording-journal.js';
import type { QuarantineEntry } from '../../src/collections/engine/journal.js';
import { StorageLockedError } from '../../src/collections/engine/storage-lock.js';
import type { Claim } from '../../src/database/advisory-claim.js';
import { digestOf } from '../../src/oci/digest.js';
import { OWN } from '../../src/storage/layout.js';
import { NO_TRACING } from '../../src/telemetry/tracing/tracing.js';
import { MemoryJournal } from './memory-journal.js';
import { StoreFiles } from './store-files.js';
import { temporaryDirectory } from './temporary-tree.js';

const ENTRY: QuarantineEntry = {
  ...{ run: 'run-1', batch: 1, item: 0, repository: null, because: 'unlinked', sizeBytes: 1, atMs: 1 },
  digest: digestOf(Buffer.from('x')),
  files: ['x'],
  emptyFolders: [],
};

describe('once the claim is lost', () => {
  it('nothing more is noted as about to go, nor as gone: whatever comes after that note does not happen', async () => {
    const inner = new MemoryJournal();
    const lost = new Error('lost');
    let isHeld = true;
    const claim = { assertHeld: () => (isHeld ? Promise.resolve() : Promise.reject(lost)) } as Claim;
    const told: string[] = [];
    const journal = new RecordingJournal(inner, claim, { record: async (_, state) => void told.push(state) });
    await journal.append([ENTRY]);
    await journal.commit([ENTRY], 'quarantined');
    isHeld = false;
    await expect(journal.commit([ENTRY], 'purging')).rejects.toBe(lost);
    await expect(journal.append([{ ...ENTRY, item: 1 }])).rejects.toBe(lost);
    expect(
      (await inner.list(['quarantined', 'moving', 'purging'])).map(({ item, state }) => [item, state]),
    ).toEqual([[0, 'quarantined']]);
    expect(told).toEqual(['quarantined']);
  });
});

describe('the lock on a storage', () => {
  it('is taken over from who held the registry’s claim before, and from nobody else', async () => {
    const { root } = new StoreFiles();
    const path = join(root, OWN, 'lock');
    fs.mkdirSync(join(root, OWN));
    fs.writeFileSync(path, '17 another-host\n');
    const enter = (former: string | null) => withStorageLock(root, former, async () => 'in');
    for (const former of [null, 'another-host/18', 'a-host/17', `${hostname()}/17`]) {
      await expect(enter(former)).rejects.toThrow(StorageLockedError);
      expect(fs.readFileSync(path, 'utf8')).toBe('17 another-host\n');
    }
    expect(await enter('another-host/17')).toBe('in');
    expect(fs.existsSync(path)).toBe(false);
  });
});

it.each(['v2', 'v1'] as const)(
  'a directory that holds no registry’s files (%s) is not an empty registry',
  async (of) => {
    const directory = temporaryDirectory();
    const at: StorageAt = {
      ...{ layout: of, directory, cachePath: join(directory, 'cache'), threads: 0, ioLimit: null },
      now: Date.now,
      tracing: NO_TRACING,
    };
    const work = async (): Promise<void> => expect.fail('it was opened');
    for (const place of [directory, join(directory, 'absent')]) {
      await expect(withStorage({ ...at, directory: place }, work)).rejects.toMatchObject({
        code: 'storage_unavailable',
      });
    }
  },
);
