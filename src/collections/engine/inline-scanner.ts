import type { Digest } from '../../oci/digest.js';
import type { Storage } from '../storage/storage.js';
import type { PackedDigests } from './digest-key.js';
import type { CollectionFault, Found } from './fault.js';
import { orFault } from './listing.js';
import { readManifests, type ManifestReading } from './read-manifests.js';
import { scanBlobs, type BlobShard } from './scan-blobs.js';
import { scanLayers, type LayerScan } from './scan-layers.js';
import { scanRepository, type RepositoryScan } from './scan-repository.js';
import type { FileTimes, Scanner } from './scanner.js';

/** Reads in this thread, one thing after the other. */
export class InlineScanner implements Scanner {
  constructor(private readonly storage: Storage) {}

  async blobs(shards: readonly BlobShard[]): Promise<readonly Found<PackedDigests>[]> {
    return [await scanBlobs(this.storage, shards)];
  }

  async repositories(names: readonly string[], withTimes: boolean): Promise<readonly RepositoryScan[]> {
    const scans: RepositoryScan[] = [];
    for (const name of names) scans.push(await scanRepository(this.storage, name, withTimes));
    return scans;
  }

  async manifests(digests: readonly Digest[]): Promise<readonly ManifestReading[]> {
    return [await readManifests(this.storage, digests)];
  }

  async layers(names: readonly string[]): Promise<readonly LayerScan[]> {
    const scans: LayerScan[] = [];
    for (const name of names) scans.push(await scanLayers(this.storage, name));
    return scans;
  }

  async times(paths: readonly string[]): Promise<Found<FileTimes>> {
    const faults: CollectionFault[] = [];
    const sizesBytes = new Float64Array(paths.length).fill(NaN);
    const modifiedMs = new Float64Array(paths.length).fill(NaN);
    for (const [i, path] of paths.entries()) {
      const facts = await orFault(
        () => this.storage.stat(path),
        (at, problem) => {
          faults.push({ path: at, problem, repository: null, undecided: 'nothing' });
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
  }

  async close(): Promise<void> {}
}
