import { quarantined } from '../storage/layout.js';
import type { Storage } from '../storage/storage.js';
import type { JournalEntry, QuarantineEntry } from './journal.js';

const parentOf = (path: string): string => path.slice(0, path.lastIndexOf('/'));

const waitingAt = (entry: QuarantineEntry, n: number): string =>
  quarantined(entry.run, entry.batch, entry.item, entry.digest, n);

/**
 * Moves an entry's files out of the registry: links first, the blob last, so that no link is ever left without what it
 * names. The journal has the entry already.
 */
export const moveOut = async (storage: Storage, entry: QuarantineEntry): Promise<void> => {
  for (let n = entry.files.length - 1; n >= 0; n--) {
    const file = entry.files[n] ?? '';
    await storage.move(file, waitingAt(entry, n));
    await storage.removeEmptyFolder(parentOf(file));
  }
  for (const folder of entry.emptyFolders) await storage.removeEmptyFolder(folder);
};

/**
 * Moves an entry's files back: the blob first. A file that is there again (a push brought it) stays as it is, and its
 * copy in quarantine goes, unless the two differ in size.
 */
export const moveBack = async (storage: Storage, entry: QuarantineEntry): Promise<void> => {
  for (const [n, file] of entry.files.entries()) {
    const waiting = waitingAt(entry, n);
    if ((await storage.move(waiting, file)) !== 'exists') continue;
    const [there, here] = [await storage.stat(file), await storage.stat(waiting)];
    if (there?.sizeBytes === here?.sizeBytes) await storage.deleteMany([waiting]);
  }
  for (const folder of entry.emptyFolders) await storage.createFolder(folder);
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
