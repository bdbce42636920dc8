import type { Digest } from '../oci/digest.js';
import type { Going } from './blast.js';
import { childrenOf, type RepositorySnapshot } from './snapshot.js';

/**
 * The order in which manifests go: an index before its children, a subject before its referrers, so that a crash in
 * between leaves no living index with a hole and no image without its signature. The same for the same input.
 */
export const inDeletionOrder = (
  going: ReadonlyMap<Digest, Going>,
  snapshot: RepositorySnapshot,
): readonly Digest[] => {
  const waitsFor = new Map<Digest, Set<Digest>>([...going.keys()].map((digest) => [digest, new Set()]));
  for (const [digest, { cause }] of going) {
    if (cause !== null && going.has(cause)) waitsFor.get(digest)?.add(cause);
    for (const child of childrenOf(snapshot, digest)) waitsFor.get(child.digest)?.add(digest);
  }
  const ordered: Digest[] = [];
  const left = new Set([...going.keys()].sort());
  while (left.size > 0) {
    const ready = [...left].filter((digest) => [...(waitsFor.get(digest) ?? [])].every((d) => !left.has(d)));
    // Hashes cannot contain each other, so nothing waits in a circle; were it so, the rest goes in name order.
    for (const digest of ready.length > 0 ? ready : left) {
      ordered.push(digest);
      left.delete(digest);
    }
  }
  return ordered;
};
