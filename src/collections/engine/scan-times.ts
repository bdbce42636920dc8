import { blobData, layerLink } from '../../storage/layout.js';
import type { Storage } from '../../storage/storage.js';
import { unpackDigests } from './digest-key.js';
import type { CollectionFault, Found } from './fault.js';
import { orFault } from './listing.js';
import type { FileTimes, TimesRequest } from './scanner.js';

/** Looks at blobs, or at one repository's layer links. */
export const scanTimes = async (
  storage: Storage,
  { repository, digests }: TimesRequest,
): Promise<Found<FileTimes>> => {
  const faults: CollectionFault[] = [];
  const named = unpackDigests(digests);
  const sizesBytes = new Float64Array(named.length).fill(NaN);
  const modifiedMs = new Float64Array(named.length).fill(NaN);
  for (const [i, digest] of named.entries()) {
    const path = repository === null ? blobData(digest) : layerLink(repository, digest);
    const facts = await orFault(
      () => storage.stat(path),
      (at, problem) => {
        faults.push({ path: at, problem, repository, undecided: 'nothing' });
        // What cannot be looked at is as young as can be, and so is never taken away.
        sizesBytes[i] = 0;
        modifiedMs[i] = Infinity;
      },
    );
    if (facts === null) continue;
    sizesBytes[i] = facts.sizeBytes;
    modifiedMs[i] = facts.modifiedMs;
  }
  return { found: { sizesBytes, modifiedMs }, faults };
};
