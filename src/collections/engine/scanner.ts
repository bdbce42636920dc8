import type { PackedDigests } from './digest-key.js';
import type { Found } from './fault.js';
import type { ManifestReading } from './read-manifests.js';
import type { BlobShard } from './scan-blobs.js';
import type { RepositoryScan } from './scan-repository.js';

/** Sizes and times of change of many files, in the order asked; NaN where there is no file. */
export interface FileTimes {
  readonly sizesBytes: Float64Array;
  readonly modifiedMs: Float64Array;
}

/** The next `count` digests: blobs, or with a repository's name its layer links to them. */
export interface TimesRun {
  readonly repository: string | null;
  readonly count: number;
}

/** Which files are looked at, run after run: their digests stand together, as a list for each run would weigh more. */
export interface TimesRequest {
  readonly runs: readonly TimesRun[];
  readonly digests: PackedDigests;
}

export interface RepositoryScanOptions {
  /** Also when each manifest was linked. */
  readonly withTimes: boolean;
}

/**
 * Reads a storage in bulk: in this thread, or in several at once. Answers carry what could not be read as faults; a
 * call fails only where the scanner itself does. Answers come in parts, in the order asked, so that whoever takes them
 * in does so while the next ones are read; work that was asked for first is begun first. The arrays of a part are the
 * scanner's again once the next part is asked for: whoever keeps them copies them.
 */
export interface Scanner {
  blobs(shards: readonly BlobShard[]): AsyncIterable<Found<PackedDigests>>;
  repositories(names: readonly string[], options: RepositoryScanOptions): AsyncIterable<RepositoryScan>;
  manifests(digests: PackedDigests): AsyncIterable<ManifestReading>;
  times(request: TimesRequest): Promise<Found<FileTimes>>;
  close(): Promise<void>;
}
