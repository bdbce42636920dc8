import { digestOf } from '../../oci/digest.js';
import { blobEntry } from '../engine/entries.js';
import type { Journal, QuarantineEntry } from '../engine/journal.js';
import { moveOut } from '../engine/quarantine.js';
import type { Storage } from '../../storage/storage.js';
import type { StorageDeletionPlan } from './plan.js';

const FILES_AN_ENTRY = 1000;

export interface StorageDeletionOptions {
  readonly run: string;
  readonly nowMs: number;
  /** False while the registry may be running: blobs are left to collection, which minds pushes under way. */
  readonly withBlobs: boolean;
}

/**
 * Does what the plan shows: the repository's links first, then the blobs. All of it goes into quarantine, under the
 * same journal as a collection, so that `undo` brings it back and a crash is settled the same way.
 */
export const executeStorageDeletion = async (
  storage: Storage,
  journal: Journal,
  plan: StorageDeletionPlan,
  { run, nowMs, withBlobs }: StorageDeletionOptions,
): Promise<void> => {
  await journal.startRun(run, nowMs);
  const head = { run, batch: 1, atMs: nowMs };
  const links = linkEntries(plan, head);
  await take(storage, journal, links);
  if (withBlobs) {
    const blobs = plan.blobs.map((blob, i) =>
      blobEntry({ ...head, batch: 2 }, i, plan.garbage.marking, blob),
    );
    await take(storage, journal, blobs);
  }
  await journal.endRun(run, 'finished');
};

const take = async (
  storage: Storage,
  journal: Journal,
  entries: readonly QuarantineEntry[],
): Promise<void> => {
  await journal.append(entries);
  await moveOut(storage, entries);
  await journal.commit(entries, 'quarantined');
};

/** The repository's files, in portions; the last one takes the folders along. */
const linkEntries = (
  { target, files, folders }: StorageDeletionPlan,
  head: Pick<QuarantineEntry, 'run' | 'batch' | 'atMs'>,
): QuarantineEntry[] => {
  const entries: QuarantineEntry[] = [];
  for (let from = 0; from === 0 || from < files.length; from += FILES_AN_ENTRY) {
    entries.push({
      ...head,
      item: entries.length,
      digest: digestOf(Buffer.from(`${target.repository} ${from}`)),
      repository: target.repository,
      because: 'deleted',
      sizeBytes: 0,
      files: files.slice(from, from + FILES_AN_ENTRY),
      emptyFolders: from + FILES_AN_ENTRY >= files.length ? folders : [],
    });
  }
  return entries;
};
