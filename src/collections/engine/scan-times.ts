import { blobData, layerLink } from '../../storage/layout.js';
import { StorageFaultError, type Storage } from '../../storage/storage.js';
import { unpackDigests } from './digest-key.js';
import type { CollectionFault, Found } from './fault.js';
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
  const paths = named.map((digest) =>
    repository === null ? blobData(digest) : layerLink(repository, digest),
  );
  await storage.statEach(paths, (facts, i) => {
    if (facts === null) return;
    if (facts instanceof StorageFaultError) {
      faults.push({ path: facts.path, problem: facts.problem, repository, undecided: 'nothing' });
      // What cannot be looked at is as young as can be, and so is never taken away.
      sizesBytes[i] = 0;
      modifiedMs[i] = Infinity;
      return;
    }
    sizesBytes[i] = facts.sizeBytes;
    modifiedMs[i] = facts.modifiedMs;
  });
  return { found: { sizesBytes, modifiedMs }, faults };
};
