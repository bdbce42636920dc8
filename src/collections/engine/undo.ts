import type { Storage } from '../storage/storage.js';
import type { Journal } from './journal.js';
import { moveBack } from './quarantine.js';
import { settle } from './settle.js';

export interface UndoResult {
  readonly entries: number;
  readonly bytes: number;
  /** Gone for good. */
  readonly purged: number;
}

/** Brings back everything that a run took away and that was not purged; links of manifests come after their blobs. */
export const undo = async (storage: Storage, journal: Journal, run: string): Promise<UndoResult> => {
  await settle(storage, journal);
  const mine = (await journal.list(['quarantined'])).filter((entry) => entry.run === run);
  let bytes = 0;
  for (const entry of mine.toReversed()) {
    await moveBack(storage, entry);
    await journal.commit([entry], 'restored');
    bytes += entry.sizeBytes;
  }
  const purged = (await journal.list(['purged'])).filter((entry) => entry.run === run).length;
  await journal.endRun(run, 'undone');
  return { entries: mine.length, bytes, purged };
};
