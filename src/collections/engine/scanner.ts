import type { Digest } from '../../oci/digest.js';
import type { PackedDigests } from './digest-key.js';
import type { Found } from './fault.js';
import type { ManifestReading } from './read-manifests.js';
import type { BlobShard } from './scan-blobs.js';
import type { LayerScan } from './scan-layers.js';
import type { RepositoryScan } from './scan-repository.js';

/** Sizes and times of change of many files, in the order asked; NaN where there is no file. */
export interface FileTimes {
  readonly sizesBytes: Float64Array;
  readonly modifiedMs: Float64Array;
}

/**
 * Reads a storage in bulk: in this thread, or in several at once. Answers carry what could not be read as faults; a
 * call fails only where the scanner itself does. Order within an answer follows the order asked.
 */
export interface Scanner {
  blobs(shards: readonly BlobShard[]): Promise<readonly Found<PackedDigests>[]>;
  repositories(names: readonly string[], withTimes: boolean): Promise<readonly RepositoryScan[]>;
  manifests(digests: readonly Digest[]): Promise<readonly ManifestReading[]>;
  layers(names: readonly string[]): Promise<readonly LayerScan[]>;
  times(paths: readonly string[]): Promise<Found<FileTimes>>;
  close(): Promise<void>;
}
