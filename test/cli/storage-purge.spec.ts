import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { expect, it } from 'vitest';
import { FileJournal } from '../../src/collections/engine/file-journal.js';
import type { EntryState, QuarantineEntry } from '../../src/collections/engine/journal.js';
import { digestOf } from '../../src/oci/digest.js';
import { blobData } from '../../src/storage/layout.js';
import { StoreFiles } from '../collections/store-files.js';

const SEXTON = fileURLToPath(new URL('../../bin/sexton.mjs', import.meta.url));
const DAY_MS = 86_400_000;
/** More than the journal is written anew for. */
const MANY = 1200;

const entriesOf = (run: string, daysAgo: number): readonly QuarantineEntry[] =>
  Array.from({ length: MANY }, (_, item) => {
    const digest = digestOf(Buffer.from(`${run} ${item}`));
    const atMs = Date.now() - daysAgo * DAY_MS;
    return {
      ...{ run, batch: 1, item, digest, repository: null, because: 'unlinked', sizeBytes: 1 },
      ...{ files: [blobData(digest)], emptyFolders: [], atMs },
    };
  });

/** A storage whose journal has these, and the runs that are left in it after `sexton storage purge`. */
const leftAfterPurge = async (
  ...had: readonly (readonly [run: string, daysAgo: number, state: EntryState])[]
): Promise<ReadonlySet<string>> => {
  const files = new StoreFiles();
  files.image('team/app', { tags: ['v1'] });
  const journal = new FileJournal(files.root);
  for (const [run, daysAgo, state] of had) {
    const entries = entriesOf(run, daysAgo);
    await journal.startRun(run, 1);
    await journal.append(entries);
    await journal.commit(entries, 'quarantined');
    await journal.commit(entries, state);
    await journal.endRun(run, 'finished');
  }
  const args = [SEXTON, 'storage', 'purge', '--storage', files.root];
  const { status, stderr } = spawnSync(process.execPath, args, {
    encoding: 'utf8',
    env: { PATH: process.env['PATH'], HOME: files.root },
  });
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  const left = await new FileJournal(files.root).list(['quarantined', 'restored', 'purging', 'purged']);
  return new Set(left.map(({ run }) => run));
};

it('keeps what ended within the year, for a service that has not noted it yet', async () => {
  expect(await leftAfterPurge(['old', 400, 'purged'], ['recent', 60, 'purged'])).toEqual(new Set(['recent']));
});

it('keeps what it purges itself, however long that had waited', async () => {
  expect(await leftAfterPurge(['waited', 400, 'quarantined'])).toEqual(new Set(['waited']));
});
