import { digestOrNull, isContentDigest, type Digest } from '../oci/digest.js';
import type { Tag } from '../oci/names.js';
import { helperTag, stemOf } from './helper-tags.js';
import { holdOfDigest, holdOfTag, holdsAll, type Hold } from '../guardrails/hold.js';
import type { PlanTarget } from './plan.js';
import { childrenOf, isUnread, subjectOf, tagsOn, type RepositorySnapshot } from './snapshot.js';

/**
 * Every manifest of the snapshot that a hold protects, with the hold: what the hold names, what such a manifest contains,
 * to any depth, and what speaks about it (signatures, SBOMs), since they prove what it is.
 */
export const heldManifests = (
  snapshot: RepositorySnapshot,
  holds: readonly Hold[],
): ReadonlyMap<Digest, Hold> => {
  const held = new Map<Digest, Hold>();
  if (holds.length === 0) return held;
  const speakers = speakersBySubject(snapshot);
  const open: Digest[] = [];
  const protect = (digest: Digest, hold: Hold): void => {
    if (held.has(digest)) return;
    held.set(digest, hold);
    open.push(digest);
  };
  for (const digest of known(snapshot)) {
    const byTag = tagsOn(snapshot, digest).flatMap((tag) => holdOfTag(holds, tag) ?? []);
    const hold = holdOfDigest(holds, digest) ?? byTag[0];
    if (hold) protect(digest, hold);
  }
  for (let digest = open.pop(); digest !== undefined; digest = open.pop()) {
    const hold = held.get(digest);
    if (!hold) continue;
    for (const child of childrenOf(snapshot, digest)) protect(child.digest, hold);
    const about = [...(speakers.get(digest) ?? []), ...(speakers.get(stemOf(digest)) ?? [])];
    for (const speaker of about.sort()) protect(speaker, hold);
  }
  return held;
};

/**
 * The hold that forbids the target; null when none does. A tag of a held image that no hold names may go alone: the
 * image stays, and so does the tag that is held.
 */
export const holdOn = (
  target: Pick<PlanTarget, 'kind' | 'digest' | 'tags'>,
  snapshot: RepositorySnapshot,
  holds: readonly Hold[],
  held: ReadonlyMap<Digest, Hold> = heldManifests(snapshot, holds),
): Hold | null => {
  const named = target.tags.flatMap((tag) => holdOfTag(holds, tag) ?? [])[0];
  if (named) return named;
  if (target.kind === 'manifest')
    return holdOfDigest(holds, target.digest) ?? held.get(target.digest) ?? null;
  return holdOfDigest(holds, target.digest) ?? speaksFor(target.tags, held);
};

/** The hold that forbids the target or anything that would go with it: children, referrers, and theirs. */
export const holdOnAllOf = (
  target: PlanTarget,
  targets: readonly PlanTarget[],
  snapshot: RepositorySnapshot,
  holds: readonly Hold[],
): Hold | null => {
  if (holds.length === 0) return null;
  const held = heldManifests(snapshot, holds);
  const along = new Set([target.digest]);
  const others = target.kind === 'tag' ? [] : targets.filter(({ cause }) => cause !== null);
  for (let grew = true; grew;) {
    const before = along.size;
    for (const { digest, cause } of others) if (cause !== null && along.has(cause)) along.add(digest);
    grew = along.size > before;
  }
  const together = [target, ...others.filter((other) => other !== target && along.has(other.digest))];
  return together.flatMap((one) => holdOn(one, snapshot, holds, held) ?? [])[0] ?? null;
};

/**
 * What must be read to know whether `digests` are held: they, everything that would protect them if it were held (what
 * they speak about, and what contains them, to any depth), and what holds name, which may be an index that no tag leads
 * to. Nothing where there is no hold, or no manifest goes.
 */
export const unreadForHolds = (
  snapshot: RepositorySnapshot,
  digests: readonly Digest[],
  holds: readonly Hold[],
): Digest[] => {
  if (holds.length === 0 || digests.length === 0) return [];
  const wanted = new Set(digests);
  for (const { digest } of holds) if (digest !== null && isContentDigest(digest)) wanted.add(digest);
  const parents = parentsByChild(snapshot);
  for (const digest of wanted) {
    for (const protector of [...subjectsOf(snapshot, digest), ...(parents.get(digest) ?? [])])
      wanted.add(protector);
  }
  return [...wanted].filter((digest) => isUnread(snapshot, digest));
};

/** What the manifest says that it is about, and what its helper tags say; the stem of a longer digest names none. */
const subjectsOf = (snapshot: RepositorySnapshot, digest: Digest): readonly Digest[] => {
  const named = subjectOf(snapshot, digest);
  const byTag = tagsOn(snapshot, digest).flatMap((tag) => {
    const subject = digestOrNull(helperTag(tag)?.stem.replace('-', ':'));
    return subject === null ? [] : [subject];
  });
  return named === null ? byTag : [named, ...byTag];
};

const parentsByChild = (snapshot: RepositorySnapshot): ReadonlyMap<Digest, readonly Digest[]> => {
  const parents = new Map<Digest, Digest[]>();
  for (const digest of snapshot.manifests.keys()) {
    for (const child of childrenOf(snapshot, digest))
      parents.set(child.digest, [...(parents.get(child.digest) ?? []), digest]);
  }
  return parents;
};

/** `held by hold_01…: reason`, for a sentence. */
export const heldBy = ({ id, reason }: Hold): string => `held by ${id}: ${reason}`;

/** Whether anything that no tag leads to may be held: what only untagged collection would take. */
export const mayHoldUntagged = (hold: Hold): boolean => hold.digest !== null || holdsAll(hold);

/** A signature is found by its tag: without that, it is lost although its manifest stays. */
const speaksFor = (tags: readonly Tag[], held: ReadonlyMap<Digest, Hold>): Hold | null => {
  const stems = new Set(tags.flatMap((tag) => helperTag(tag)?.stem ?? []));
  if (stems.size === 0) return null;
  return [...held].find(([digest]) => stems.has(stemOf(digest)))?.[1] ?? null;
};

/** In one order, so that of several holds the same one is named every time. */
const known = (snapshot: RepositorySnapshot): readonly Digest[] =>
  [
    ...new Set([...[...snapshot.tags.values()].map(({ digest }) => digest), ...snapshot.manifests.keys()]),
  ].sort();

/** By the subject's digest, or for helper tags by its stem. */
const speakersBySubject = (snapshot: RepositorySnapshot): ReadonlyMap<string, readonly Digest[]> => {
  const speakers = new Map<string, Digest[]>();
  const add = (subject: string, digest: Digest): void => {
    const others = speakers.get(subject);
    if (others) others.push(digest);
    else speakers.set(subject, [digest]);
  };
  for (const [tag, { digest }] of snapshot.tags) {
    const helper = helperTag(tag);
    if (helper) add(helper.stem, digest);
  }
  for (const digest of snapshot.manifests.keys()) {
    const subject = subjectOf(snapshot, digest);
    if (subject !== null) add(subject, digest);
  }
  return speakers;
};
