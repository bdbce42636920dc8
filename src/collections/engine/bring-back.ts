import type { Storage } from '../../storage/storage.js';
import type { Journal, JournalEntry } from './journal.js';
import { moveBack } from './quarantine.js';

const BATCH = 100;

export interface BroughtBack {
  readonly entries: readonly JournalEntry[];
  /** Whose blob is neither in quarantine nor in the registry: somebody else removed it. They stay as they are. */
  readonly missing: readonly JournalEntry[];
}

/** Brings entries back from quarantine, in the order given. */
export const bringBack = async (
  storage: Storage,
  journal: Journal,
  quarantined: readonly JournalEntry[],
): Promise<BroughtBack> => {
  const [entries, missing]: [JournalEntry[], JournalEntry[]] = [[], []];
  for (let i = 0; i < quarantined.length; i += BATCH) {
    const back: JournalEntry[] = [];
    for (const entry of quarantined.slice(i, i + BATCH)) {
      ((await moveBack(storage, entry)) ? back : missing).push(entry);
    }
    await journal.commit(back, 'restored');
    entries.push(...back);
  }
  return { entries, missing };
};
