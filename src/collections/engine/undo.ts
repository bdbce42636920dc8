import type { Storage } from '../../storage/storage.js';
import type { Journal } from './journal.js';
import { moveBack } from './quarantine.js';
import { settle } from './settle.js';

const BATCH = 100;

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
  const backwards = mine.toReversed();
  for (let i = 0; i < backwards.length; i += BATCH) {
    const batch = backwards.slice(i, i + BATCH);
    for (const entry of batch) await moveBack(storage, entry);
    await journal.commit(batch, 'restored');
    for (const { sizeBytes } of batch) bytes += sizeBytes;
  }
  const purged = (await journal.list(['purged'])).filter((entry) => entry.run === run).length;
  await journal.endRun(run, 'undone');
  return { entries: mine.length, bytes, purged };
};
