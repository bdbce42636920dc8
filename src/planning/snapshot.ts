import { isIndexType, MEDIA_TYPES } from '../oci/media-types.js';
import type { Digest } from '../oci/digest.js';
import type { Descriptor, Manifest } from '../oci/manifest.js';
import type { Tag } from '../oci/names.js';
import type { ResolvedManifest } from '../registries/registry.js';

/** What an adapter reported about one repository, so far. Immutable; more knowledge makes another snapshot. */
export interface RepositorySnapshot {
  /** Every tag that resolves, and what it points at. */
  readonly tags: ReadonlyMap<Tag, ResolvedManifest>;
  /** Tags that are listed and resolve to nothing (TRAPS 14). */
  readonly danglingTags: ReadonlySet<Tag>;
  /** Manifests that were read. */
  readonly manifests: ReadonlyMap<Digest, Manifest>;
  /** Digests that were asked for and are not there, beyond doubt. */
  readonly absent: ReadonlySet<Digest>;
  /** Answers of the referrers API, where the registry has one. */
  readonly referrers: ReadonlyMap<Digest, readonly Descriptor[]>;
}

export const EMPTY_SNAPSHOT: RepositorySnapshot = {
  tags: new Map(),
  danglingTags: new Set(),
  manifests: new Map(),
  absent: new Set(),
  referrers: new Map(),
};

const PLAIN_TYPES: ReadonlySet<string> = new Set([
  MEDIA_TYPES.ociManifest,
  MEDIA_TYPES.dockerManifest,
  MEDIA_TYPES.ociArtifact,
  MEDIA_TYPES.schema1,
  MEDIA_TYPES.schema1Signed,
]);

/** Whether a manifest of this type can contain others: an index, or a type we do not know. */
export const mayContainManifests = (mediaType: string): boolean =>
  isIndexType(mediaType) || !PLAIN_TYPES.has(mediaType);

const indexed = new WeakMap<RepositorySnapshot['tags'], ReadonlyMap<Digest, Tag[]>>();

/** Tags by digest, made once for each survey: a repository can have many thousands. */
const tagsByDigest = (tags: RepositorySnapshot['tags']): ReadonlyMap<Digest, Tag[]> => {
  const known = indexed.get(tags);
  if (known) return known;
  const byDigest = new Map<Digest, Tag[]>();
  for (const tag of [...tags.keys()].sort()) {
    const digest = tags.get(tag)?.digest;
    if (digest === undefined) continue;
    const onDigest = byDigest.get(digest);
    if (onDigest) onDigest.push(tag);
    else byDigest.set(digest, [tag]);
  }
  indexed.set(tags, byDigest);
  return byDigest;
};

/** Every tag on the digest, sorted. */
export const tagsOn = (snapshot: RepositorySnapshot, digest: Digest): readonly Tag[] =>
  tagsByDigest(snapshot.tags).get(digest) ?? [];

export const childrenOf = (snapshot: RepositorySnapshot, digest: Digest): readonly Descriptor[] => {
  const content = snapshot.manifests.get(digest)?.content;
  return content?.kind === 'index' ? content.children : [];
};

/** For each digest, the indexes of the repository that contain it. */
export const parentsByChild = (snapshot: RepositorySnapshot): ReadonlyMap<Digest, readonly Digest[]> => {
  const parents = new Map<Digest, Digest[]>();
  for (const digest of [...snapshot.manifests.keys()].sort()) {
    for (const child of new Set(childrenOf(snapshot, digest).map((d) => d.digest))) {
      parents.set(child, [...(parents.get(child) ?? []), digest]);
    }
  }
  return parents;
};

/** Digests that must be read before anyone can say what contains what: indexes, at any depth below a tag. */
export const unreadContainers = (snapshot: RepositorySnapshot): Digest[] => {
  const isUnread = (digest: Digest) => !snapshot.manifests.has(digest) && !snapshot.absent.has(digest);
  const unread = new Set<Digest>();
  for (const { digest, mediaType } of snapshot.tags.values()) {
    if (mayContainManifests(mediaType) && isUnread(digest)) unread.add(digest);
  }
  for (const digest of snapshot.manifests.keys()) {
    for (const child of childrenOf(snapshot, digest)) {
      if (mayContainManifests(child.mediaType) && isUnread(child.digest)) unread.add(child.digest);
    }
  }
  return [...unread].sort();
};

/**
 * Manifests that may contain others and cannot be read, by tag where they have one. While one of them stays, nobody
 * can say that a manifest is in no index; then no manifest is deleted.
 */
export const opaqueManifests = (snapshot: RepositorySnapshot, except: ReadonlySet<Digest>): string[] => {
  const unread = [...snapshot.tags.values()]
    .filter(({ digest, mediaType }) => mayContainManifests(mediaType) && !snapshot.manifests.has(digest))
    .map(({ digest }) => digest)
    .filter((digest) => !snapshot.absent.has(digest));
  const unreadable = [...snapshot.manifests.values()]
    .filter(({ content }) => content.kind === 'opaque')
    .map(({ digest }) => digest);
  return [...new Set([...unread, ...unreadable])]
    .filter((digest) => !except.has(digest))
    .map((digest) => tagsOn(snapshot, digest)[0] ?? digest)
    .sort();
};
