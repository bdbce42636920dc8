import { ALGORITHMS, blobAlgorithm, BLOBS, blobShard } from '../../storage/layout.js';
import type { Storage } from '../../storage/storage.js';
import { DigestPacker, type PackedDigests } from './digest-key.js';
import type { CollectionFault, Found } from './fault.js';
import { listOrFault } from './listing.js';

/** A part of the blobs that is listed in one go. */
export interface BlobShard {
  readonly algorithm: string;
  readonly shard: string;
}

const collector = (): { faults: CollectionFault[]; onFault: (path: string, problem: string) => void } => {
  const faults: CollectionFault[] = [];
  return {
    faults,
    onFault: (path, problem) => {
      faults.push({ path, problem, repository: null, undecided: 'nothing' });
    },
  };
};

/** The shards that there are. What is not named as the registry names its blobs is reported and left alone. */
export const findBlobShards = async (storage: Storage): Promise<Found<readonly BlobShard[]>> => {
  const { faults, onFault } = collector();
  const found: BlobShard[] = [];
  for (const name of (await listOrFault(storage, BLOBS, onFault)).folders) {
    if (!ALGORITHMS.some((algorithm) => algorithm === name)) {
      onFault(`${BLOBS}/${name}`, `is not ${ALGORITHMS.join(' or ')}; left alone`);
      continue;
    }
    const { folders } = await listOrFault(storage, blobAlgorithm(name), onFault);
    found.push(...folders.map((shard) => ({ algorithm: name, shard })));
  }
  return { found, faults };
};

/**
 * The blobs of the shards, by their folders' names: nothing is opened. A blob that cannot be seen here is never taken
 * away, so a fault decides nothing.
 */
export const scanBlobs = async (
  storage: Storage,
  shards: readonly BlobShard[],
): Promise<Found<PackedDigests>> => {
  const { faults, onFault } = collector();
  const packer = new DigestPacker();
  for (const { algorithm, shard } of shards) {
    const path = blobShard(algorithm, shard);
    const { folders } = await listOrFault(storage, path, onFault);
    if (folders.every((hex) => hex.startsWith(shard)) && packer.pushAllNamed(algorithm, folders)) continue;
    for (const hex of folders) {
      if (!hex.startsWith(shard) || !packer.pushNamed(algorithm, hex)) {
        onFault(`${path}/${hex}`, 'is not named for a digest; left alone');
      }
    }
  }
  return { found: packer.packed(), faults };
};
