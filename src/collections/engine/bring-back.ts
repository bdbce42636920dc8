import { blobData } from '../../storage/layout.js';
import type { Storage } from '../../storage/storage.js';
import type { Journal, JournalEntry } from './journal.js';
import { moveBack } from './quarantine.js';

const BATCH = 100;

export interface BroughtBack {
  readonly entries: readonly JournalEntry[];
  /** Whose blob is neither in quarantine nor in the registry, or names one that is not: they stay as they are. */
  readonly missing: readonly JournalEntry[];
}

/** A repository's link to an untagged manifest, whose blob is not in the registry. */
const namesNothing = async (
  storage: Storage,
  { repository, because, digest }: JournalEntry,
): Promise<boolean> =>
  repository !== null && because === 'untagged' && (await storage.stat(blobData(digest))) === null;

/**
 * Brings entries, given oldest first, back from quarantine: the last first, since links of manifests went before their
 * blobs.
 */
export const bringBack = async (
  storage: Storage,
  journal: Journal,
  quarantined: readonly JournalEntry[],
): Promise<BroughtBack> => {
  const [entries, missing]: [JournalEntry[], JournalEntry[]] = [[], []];
  const order = quarantined.toReversed();
  for (let i = 0; i < order.length; i += BATCH) {
    const back: JournalEntry[] = [];
    for (const entry of order.slice(i, i + BATCH)) {
      const isBack = !(await namesNothing(storage, entry)) && (await moveBack(storage, entry));
      (isBack ? back : missing).push(entry);
    }
    await journal.commit(back, 'restored');
    entries.push(...back);
  }
  return { entries, missing };
};
