import type { Storage } from '../../storage/storage.js';
import type { PackedDigests } from './digest-key.js';
import type { Found } from './fault.js';
import { readManifests, type ManifestReading } from './read-manifests.js';
import { scanBlobs, type BlobShard } from './scan-blobs.js';
import { scanRepository, type RepositoryScan } from './scan-repository.js';
import { scanTimes } from './scan-times.js';
import type { FileTimes, RepositoryScanOptions, Scanner, TimesRequest } from './scanner.js';

/** Reads in this thread, one thing after the other, each when it is asked for. */
export class InlineScanner implements Scanner {
  constructor(private readonly storage: Storage) {}

  async *blobs(shards: readonly BlobShard[]): AsyncGenerator<Found<PackedDigests>> {
    yield scanBlobs(this.storage, shards);
  }

  async *repositories(
    names: readonly string[],
    options: RepositoryScanOptions,
  ): AsyncGenerator<RepositoryScan> {
    for (const name of names) yield scanRepository(this.storage, name, options);
  }

  async *manifests(digests: PackedDigests): AsyncGenerator<ManifestReading> {
    yield readManifests(this.storage, digests);
  }

  times(request: TimesRequest): Promise<Found<FileTimes>> {
    return scanTimes(this.storage, request);
  }

  async close(): Promise<void> {}
}
