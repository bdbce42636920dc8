import type { Digest } from '../oci/digest.js';
import type { Going } from './blast.js';
import { holdersOf } from './holders.js';
import type { Refusal } from './plan.js';
import { referrersOf } from './referrers.js';
import { referencesTo, type RequestedDigest } from './requested.js';
import { childrenOf, nameOf, tagsOn, type RepositorySnapshot } from './snapshot.js';

/**
 * Refuses what a registry with `deletesAlong` could do only by deleting more than the plan shows: children and referrers
 * that the request keeps, or that stay for a tag of their own, and that the registry would take all the same.
 */
export const refusalsOfTakenAlong = (
  deletes: readonly RequestedDigest[],
  going: ReadonlyMap<Digest, Going>,
  snapshot: RepositorySnapshot,
): Refusal[] => {
  const takenBy = new Map<Digest, Set<Digest>>();
  for (const digest of going.keys()) {
    const root = requestedCause(digest, going);
    const taken = takenBy.get(root) ?? new Set<Digest>();
    for (const along of takenAlong(digest, going, snapshot)) taken.add(along);
    takenBy.set(root, taken);
  }
  return deletes.flatMap((asked) => {
    const [first, ...more] = [...(takenBy.get(asked.digest) ?? [])].sort();
    if (first === undefined) return [];
    const who = `${nameOf(snapshot, first)}${more.length > 0 ? ` and ${more.length} more` : ''}`;
    return referencesTo(asked).map((reference) => ({
      reference,
      code: 'deletes_more' as const,
      message: `${reference} cannot go without ${who}, which is to stay: this registry deletes both together`,
    }));
  });
};

const takenAlong = (
  digest: Digest,
  going: ReadonlyMap<Digest, Going>,
  snapshot: RepositorySnapshot,
): Digest[] => {
  // A tag keeps a child, not a referrer.
  const children = childrenOf(snapshot, digest)
    .map((child) => child.digest)
    .filter((child) => tagsOn(snapshot, child).length === 0)
    .filter((child) => holdersOf(snapshot, child, going).parents.length === 0);
  return [...referrersOf(snapshot, digest), ...children].filter(
    (along) => !going.has(along) && !snapshot.absent.has(along),
  );
};

const requestedCause = (digest: Digest, going: ReadonlyMap<Digest, Going>): Digest => {
  let at = digest;
  for (let cause = going.get(at)?.cause; cause; cause = going.get(at)?.cause) at = cause;
  return at;
};
