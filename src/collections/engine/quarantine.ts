import { quarantined } from '../../storage/layout.js';
import type { Storage } from '../../storage/storage.js';
import type { JournalEntry, QuarantineEntry } from './journal.js';

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

const waitingAt = (entry: QuarantineEntry, n: number): string =>
  quarantined(entry.run, entry.batch, entry.item, entry.digest, n);

/** Moves a batch out of the registry, as `moveOut` does: with more than one thread, where there are more. */
export type MoveOut = (entries: readonly QuarantineEntry[]) => Promise<void>;

/**
 * Moves the entries' files out of the registry: of each its links first, the blob last, so that no link is ever left
 * without what it names. The journal has the entries already.
 */
export const moveOut = async (storage: Storage, entries: readonly QuarantineEntry[]): Promise<void> => {
  const moves = entries.flatMap((entry) =>
    entry.files.map((from, n) => ({ from, to: waitingAt(entry, n) })).reverse(),
  );
  await storage.moveMany(moves);
  const emptied = entries.flatMap(({ files, emptyFolders }) => [...files.map(parentOf), ...emptyFolders]);
  await storage.removeEmptyFolders([...new Set(emptied)]);
};

/**
 * Moves an entry's files back: the blob first. A file that is there again (a push brought it) stays as it is, and its
 * copy in quarantine goes, unless the two differ in size. False where the blob is in neither place: its links stay out,
 * and nothing has changed.
 */
export const moveBack = async (storage: Storage, entry: QuarantineEntry): Promise<boolean> => {
  const moves = entry.files.map((to, n) => ({ from: waitingAt(entry, n), to }));
  const [blob, ...links] = moves;
  if (!blob) return true;
  const [ofBlob = 'absent'] = await storage.moveMany([blob]);
  if (ofBlob === 'absent' && (await storage.stat(blob.to)) === null) return false;
  const outcomes = [ofBlob, ...(await storage.moveMany(links))];
  for (const [n, { from, to }] of moves.entries()) {
    if (outcomes[n] !== 'exists') continue;
    const [there, here] = [await storage.stat(to), await storage.stat(from)];
    if (there?.sizeBytes === here?.sizeBytes) await storage.deleteMany([from]);
  }
  for (const folder of entry.emptyFolders) await storage.createFolder(folder);
  return true;
};

/** Deletes what waits: the blob first, so that whoever finds its links alone knows that it is gone for good. */
export const destroy = async (storage: Storage, entries: readonly JournalEntry[]): Promise<void> => {
  await storage.deleteMany(entries.map((entry) => waitingAt(entry, 0)));
  await storage.deleteMany(
    entries.flatMap((entry) => entry.files.slice(1).map((_, i) => waitingAt(entry, i + 1))),
  );
};

/** Whether the entry's first file, the blob, still waits. */
export const isWaiting = async (storage: Storage, entry: QuarantineEntry): Promise<boolean> =>
  (await storage.stat(waitingAt(entry, 0))) !== null;
