import type { Digest } from '../oci/digest.js';
import type { Manifest } from '../oci/manifest.js';
import type { Going } from './blast.js';
import type { Plan } from './plan.js';
import type { RepositorySnapshot } from './snapshot.js';

/**
 * Bytes that only the manifests that go hold, as far as is known: each blob once (TRAPS 25), and none that a read
 * manifest which stays needs. Images that were not read, here or in other repositories, may hold some: `exact` is
 * false whenever there is anything to count.
 */
export const reclaimableBytes = (
  going: ReadonlyMap<Digest, Going>,
  snapshot: RepositorySnapshot,
): Plan['reclaimableBytes'] => {
  if (going.size === 0) return { value: 0, exact: true };
  const kept = new Set<Digest>();
  for (const [digest, manifest] of snapshot.manifests) {
    if (!going.has(digest)) for (const blob of blobsOf(manifest)) kept.add(blob.digest);
  }
  const freed = new Map<Digest, number>();
  const free = (digest: Digest, size: number): void => {
    // Two manifests can claim different sizes for one blob; the larger keeps "at most" true.
    if (!kept.has(digest)) freed.set(digest, Math.max(size, freed.get(digest) ?? 0));
  };
  for (const digest of going.keys()) {
    const manifest = snapshot.manifests.get(digest);
    if (!manifest) continue;
    free(digest, manifest.bytes.byteLength);
    for (const blob of blobsOf(manifest)) free(blob.digest, blob.sizeBytes);
  }
  return { value: [...freed.values()].reduce((sum, size) => sum + size, 0), exact: false };
};

const blobsOf = ({ content }: Manifest) => (content.kind === 'image' ? content.blobs : []);
