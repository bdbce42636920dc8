import { blobData, layerLink } from '../../storage/layout.js';
import { StorageFaultError, type Storage } from '../../storage/storage.js';
import { unpackDigests } from './digest-key.js';
import type { CollectionFault, Found } from './fault.js';
import type { FileTimes, TimesRequest, TimesRun } from './scanner.js';

/** Looks at blobs, and at layer links to them. */
export const scanTimes = async (
  storage: Storage,
  { runs, digests }: TimesRequest,
): Promise<Found<FileTimes>> => {
  const faults: CollectionFault[] = [];
  const named = unpackDigests(digests);
  const sizesBytes = new Float64Array(named.length).fill(NaN);
  const modifiedMs = new Float64Array(named.length).fill(NaN);
  const paths: string[] = [];
  for (const { repository, count } of runs) {
    for (const digest of named.slice(paths.length, paths.length + count)) {
      paths.push(repository === null ? blobData(digest) : layerLink(repository, digest));
    }
  }
  await storage.statEach(paths, (facts, i) => {
    if (facts === null) return;
    if (facts instanceof StorageFaultError) {
      const { path, problem } = facts;
      faults.push({ path, problem, repository: repositoryOf(runs, i), undecided: 'nothing' });
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

const repositoryOf = (runs: readonly TimesRun[], i: number): string | null => {
  let end = 0;
  return runs.find(({ count }) => i < (end += count))?.repository ?? null;
};
