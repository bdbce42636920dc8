import type { Digest } from '../../oci/digest.js';
import type { InlineScanner } from './inline-scanner.js';
import type { Found } from './fault.js';
import type { PackedDigests } from './digest-key.js';
import type { ManifestReading } from './read-manifests.js';
import type { BlobShard } from './scan-blobs.js';
import type { LayerScan } from './scan-layers.js';
import type { RepositoryScan } from './scan-repository.js';
import type { FileTimes } from './scanner.js';

/** What a scanner asks of a worker thread, and what it gets back. */
export type ScanCall =
  | { readonly kind: 'blobs'; readonly shards: readonly BlobShard[] }
  | { readonly kind: 'repositories'; readonly names: readonly string[]; readonly withTimes: boolean }
  | { readonly kind: 'manifests'; readonly digests: readonly Digest[] }
  | { readonly kind: 'layers'; readonly names: readonly string[] }
  | { readonly kind: 'times'; readonly paths: readonly string[] };

export type ScanAnswer =
  | { readonly kind: 'blobs'; readonly value: readonly Found<PackedDigests>[] }
  | { readonly kind: 'repositories'; readonly value: readonly RepositoryScan[] }
  | { readonly kind: 'manifests'; readonly value: readonly ManifestReading[] }
  | { readonly kind: 'layers'; readonly value: readonly LayerScan[] }
  | { readonly kind: 'times'; readonly value: Found<FileTimes> }
  | { readonly kind: 'failed'; readonly message: string };

export const answerCall = async (scanner: InlineScanner, call: ScanCall): Promise<ScanAnswer> => {
  switch (call.kind) {
    case 'blobs':
      return { kind: 'blobs', value: await scanner.blobs(call.shards) };
    case 'repositories':
      return { kind: 'repositories', value: await scanner.repositories(call.names, call.withTimes) };
    case 'manifests':
      return { kind: 'manifests', value: await scanner.manifests(call.digests) };
    case 'layers':
      return { kind: 'layers', value: await scanner.layers(call.names) };
    case 'times':
      return { kind: 'times', value: await scanner.times(call.paths) };
  }
};
