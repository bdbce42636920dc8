import { existsSync } from 'node:fs';
import { join } from 'node:path';
import type { Digest } from '../../../oci/digest.js';
import { FileJournal } from '../../engine/file-journal.js';
import { turnEvery } from '../../engine/turns.js';
import type { CollectRules } from '../../engine/survey.js';
import { JOURNAL } from '../../../storage/layout.js';
import type { Explanation } from '../../engine/described-look.js';
import { TURN_MS, withStorage, type StorageAt } from './open-storage.js';

/** Why a blob is still there, or is not: with the path of references from each of the first repositories that need it. */
export const explainInStorage = (
  at: StorageAt,
  digest: Digest,
  rules: CollectRules,
  maySee: (repository: string) => boolean,
): Promise<Explanation> =>
  withStorage(
    at,
    async ({ root, surveyor }) => {
      const look = await surveyor.look(rules);
      return (await look.explain(digest, maySee)) ?? { ...(await gone(root, digest)), paths: [] };
    },
    { isAwaited: true },
  );

const gone = async (root: string, digest: Digest): Promise<Omit<Explanation, 'paths'>> => {
  // Read without the lock: a line that is being written does not count yet.
  const journal = existsSync(join(root, JOURNAL)) ? await FileJournal.open(root, turnEvery(TURN_MS)) : null;
  const all = (await journal?.list(['moving', 'quarantined', 'purged'])) ?? [];
  const mine = all.filter((entry) => entry.digest === digest && entry.repository === null);
  const waiting = mine.find(({ state }) => state !== 'purged');
  const last = waiting ?? mine.at(-1);
  if (!last) return { standing: 'absent', sizeBytes: null, because: null };
  const standing = waiting ? 'in_quarantine' : 'purged';
  return { standing, sizeBytes: last.sizeBytes, because: last.because };
};
