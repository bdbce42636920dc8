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
  MEDIA_TYPES.v1Ancestry,
]);

/**
 * Whether a manifest of this type can contain others: an index, or a type we do not know. A new kind of index would
 * come with a new type, so an unknown one is taken for an index that cannot be read: doubt means do nothing.
 */
export const mayContainManifests = (mediaType: string): boolean =>
  isIndexType(mediaType) || !PLAIN_TYPES.has(mediaType);

const tagIndex = new WeakMap<RepositorySnapshot['tags'], ReadonlyMap<Digest, Tag[]>>();

/** Tags by digest, made once for each survey: a repository can have many thousands. */
const tagsByDigest = (tags: RepositorySnapshot['tags']): ReadonlyMap<Digest, Tag[]> => {
  const known = tagIndex.get(tags);
  if (known) return known;
  const byDigest = new Map<Digest, Tag[]>();
  for (const tag of [...tags.keys()].sort()) {
    const digest = tags.get(tag)?.digest;
    if (digest === undefined) continue;
    const onDigest = byDigest.get(digest);
    if (onDigest) onDigest.push(tag);
    else byDigest.set(digest, [tag]);
  }
  tagIndex.set(tags, byDigest);
  return byDigest;
};

/** Every tag on the digest, sorted. */
export const tagsOn = (snapshot: RepositorySnapshot, digest: Digest): readonly Tag[] =>
  tagsByDigest(snapshot.tags).get(digest) ?? [];

/** The tag by which people know a manifest, or its digest. */
export const nameOf = (snapshot: RepositorySnapshot, digest: Digest): string =>
  tagsOn(snapshot, digest)[0] ?? digest;

export const childrenOf = (snapshot: RepositorySnapshot, digest: Digest): readonly Descriptor[] => {
  const content = snapshot.manifests.get(digest)?.content;
  return content?.kind === 'index' ? content.children : [];
};

/** What the manifest says it is about; null when nothing, or when it was not read or cannot be. */
export const subjectOf = (snapshot: RepositorySnapshot, digest: Digest): Digest | null => {
  const content = snapshot.manifests.get(digest)?.content;
  return content === undefined || content.kind === 'opaque' ? null : content.subject;
};

export const isUnread = (snapshot: RepositorySnapshot, digest: Digest): boolean =>
  !snapshot.manifests.has(digest) && !snapshot.absent.has(digest);

/** Whether the repository was seen to have the manifest. */
export const isSeen = (snapshot: RepositorySnapshot, digest: Digest): boolean =>
  !snapshot.absent.has(digest) && (snapshot.manifests.has(digest) || tagsOn(snapshot, digest).length > 0);

/** Digests that must be read before anyone can say what contains what: indexes, at any depth below a tag. */
export const unreadContainers = (snapshot: RepositorySnapshot): Digest[] => {
  const unread = new Set<Digest>();
  for (const { digest, mediaType } of snapshot.tags.values()) {
    if (mayContainManifests(mediaType) && isUnread(snapshot, digest)) unread.add(digest);
  }
  for (const digest of snapshot.manifests.keys()) {
    for (const child of childrenOf(snapshot, digest)) {
      if (mayContainManifests(child.mediaType) && isUnread(snapshot, child.digest)) unread.add(child.digest);
    }
  }
  return [...unread].sort();
};
