import type { Digest } from '../oci/digest.js';
import {
  childrenOf,
  isUnread,
  mayContainManifests,
  subjectOf,
  unreadContainers,
  type RepositorySnapshot,
} from './snapshot.js';

/** What forbids that a manifest goes (promise 2). Both empty: nothing known needs it. */
export interface Holders {
  /** Indexes that contain it and stay, sorted. */
  readonly parents: readonly Digest[];
  /** Manifests that stay and might contain it, but cannot be read, sorted. */
  readonly unreadable: readonly Digest[];
}

interface Containment {
  readonly parents: ReadonlyMap<Digest, readonly Digest[]>;
  readonly undecided: readonly Digest[];
}

const known = new WeakMap<RepositorySnapshot, Containment>();

/** Made once for each snapshot: a plan asks for every target, and a repository can have many indexes. */
const containmentIn = (snapshot: RepositorySnapshot): Containment => {
  const made = known.get(snapshot);
  if (made) return made;
  const parents = new Map<Digest, Digest[]>();
  const undecided = new Set(unreadContainers(snapshot));
  for (const digest of [...snapshot.manifests.keys()].sort()) {
    const manifest = snapshot.manifests.get(digest);
    if (manifest?.content.kind === 'opaque' && mayContainManifests(manifest.mediaType)) undecided.add(digest);
    for (const child of new Set(childrenOf(snapshot, digest).map((descriptor) => descriptor.digest))) {
      const holders = parents.get(child);
      if (holders) holders.push(digest);
      else parents.set(child, [digest]);
    }
  }
  const containment = { parents, undecided: [...undecided].sort() };
  known.set(snapshot, containment);
  return containment;
};

/** Every known index that contains the digest, sorted. An untagged index is known only if something led to it. */
export const parentsOf = (snapshot: RepositorySnapshot, digest: Digest): readonly Digest[] =>
  containmentIn(snapshot).parents.get(digest) ?? [];

/** Who holds the digest once everything in `gone` has gone. */
export const holdersOf = (
  snapshot: RepositorySnapshot,
  digest: Digest,
  gone: { has(digest: Digest): boolean },
): Holders => ({
  parents: parentsOf(snapshot, digest).filter((parent) => !gone.has(parent)),
  unreadable: mayHold(snapshot, digest).filter((holder) => !gone.has(holder)),
});

/**
 * Manifests that cannot be read and might contain the digest. One that the digest itself leads to cannot: a content
 * hash cannot occur in what it is the hash of.
 */
export const mayHold = (snapshot: RepositorySnapshot, digest: Digest): readonly Digest[] => {
  const { undecided } = containmentIn(snapshot);
  if (undecided.length === 0) return [];
  const below = reachableFrom(snapshot, digest);
  return undecided.filter((holder) => !below.has(holder));
};

/** What must be read to say how far each digest leads; nothing while no manifest is known that cannot be read. */
export const unreadBelow = (snapshot: RepositorySnapshot, digests: readonly Digest[]): Digest[] => {
  if (containmentIn(snapshot).undecided.length === 0) return [];
  const below = new Set(digests.flatMap((digest) => [...reachableFrom(snapshot, digest)]));
  return [...below].filter((digest) => isUnread(snapshot, digest));
};

/** The digest and everything whose hash occurs in it, to any depth. */
const reachableFrom = (snapshot: RepositorySnapshot, digest: Digest): ReadonlySet<Digest> => {
  const reached = new Set([digest]);
  for (const at of reached) {
    const subject = subjectOf(snapshot, at);
    if (subject !== null) reached.add(subject);
    for (const child of childrenOf(snapshot, at)) reached.add(child.digest);
  }
  return reached;
};
