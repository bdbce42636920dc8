import type { Storage } from '../../storage/storage.js';
import { bringBack } from './bring-back.js';
import type { Journal } from './journal.js';
import { settle } from './settle.js';

export interface UndoResult {
  readonly entries: number;
  readonly bytes: number;
  /** Gone for good. */
  readonly purged: number;
  /** Entries that are no longer in the quarantine although nobody purged them. */
  readonly missing: number;
}

/** Brings back everything that a run took away and that was not purged. */
export const undo = async (storage: Storage, journal: Journal, run: string): Promise<UndoResult> => {
  await settle(storage, journal);
  const mine = (await journal.list(['quarantined'])).filter((entry) => entry.run === run);
  const { entries, missing } = await bringBack(storage, journal, mine);
  const bytes = entries.reduce((sum, { sizeBytes }) => sum + sizeBytes, 0);
  const listed = (await journal.list(['purged'])).filter((entry) => entry.run === run).length;
  const purged = listed + ((await journal.runs()).find(({ id }) => id === run)?.forgottenPurged ?? 0);
  await journal.endRun(run, 'undone');
  return { entries: entries.length, bytes, purged, missing: missing.length };
};
