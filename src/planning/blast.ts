import type { Digest } from '../oci/digest.js';
import type { PlanTarget } from './plan.js';
import type { PlanRequest } from './request.js';
import { subjectOfHelperTag } from './helper-tags.js';
import { childrenOf, tagsOn, type RepositorySnapshot } from './snapshot.js';

/** Why a manifest goes, and after which other one. */
export interface Going {
  readonly because: PlanTarget['because'];
  readonly cause: Digest | null;
}

/**
 * Everything that goes when `requested` go: children that no living index or tag holds, and referrers that nothing
 * else needs. A manifest joins only when all that holds it goes too; in doubt it stays.
 */
export const spread = (
  requested: readonly Digest[],
  request: PlanRequest,
  snapshot: RepositorySnapshot,
  parents: ReadonlyMap<Digest, readonly Digest[]>,
): ReadonlyMap<Digest, Going> => {
  const going = new Map<Digest, Going>(requested.map((d) => [d, { because: 'requested', cause: null }]));
  for (let grew = true; grew;) {
    const before = going.size;
    if (request.children === 'include') addChildren(going, snapshot, parents);
    if (request.referrers === 'include') addReferrers(going, snapshot, parents);
    grew = going.size > before;
  }
  return going;
};

const addChildren = (
  going: Map<Digest, Going>,
  snapshot: RepositorySnapshot,
  parents: ReadonlyMap<Digest, readonly Digest[]>,
): void => {
  for (const [index, { because }] of [...going]) {
    if (because === 'referrer') continue;
    for (const { digest } of childrenOf(snapshot, index)) {
      if (going.has(digest) || snapshot.absent.has(digest)) continue;
      if (tagsOn(snapshot, digest).length > 0 || isHeld(digest, going, parents)) continue;
      going.set(digest, { because: 'child', cause: index });
    }
  }
};

const addReferrers = (
  going: Map<Digest, Going>,
  snapshot: RepositorySnapshot,
  parents: ReadonlyMap<Digest, readonly Digest[]>,
): void => {
  for (const [digest, cause] of referrerCandidates(going, snapshot)) {
    if (going.has(digest) || snapshot.absent.has(digest)) continue;
    const subjects = new Set(going.keys());
    const hasOwnTag = tagsOn(snapshot, digest).some((tag) => subjectOfHelperTag(tag, subjects) === null);
    if (hasOwnTag || isHeld(digest, going, parents)) continue;
    going.set(digest, { because: 'referrer', cause });
  }
};

/** Manifests that speak about one that goes: by helper tag, by fallback index, by the referrers API. */
const referrerCandidates = (
  going: ReadonlyMap<Digest, Going>,
  snapshot: RepositorySnapshot,
): [Digest, Digest][] => {
  const subjects = new Set(going.keys());
  const found: [Digest, Digest][] = [];
  for (const [tag, { digest }] of [...snapshot.tags].sort(([a], [b]) => (a < b ? -1 : 1))) {
    const subject = subjectOfHelperTag(tag, subjects);
    if (subject === null || subject === digest) continue;
    found.push([digest, subject]);
    for (const child of childrenOf(snapshot, digest)) {
      if (speaksAbout(snapshot, child.digest, subject)) found.push([child.digest, subject]);
    }
  }
  for (const subject of subjects) {
    for (const { digest } of snapshot.referrers.get(subject) ?? []) {
      if (speaksAbout(snapshot, digest, subject)) found.push([digest, subject]);
    }
  }
  return found;
};

/** Listed as a referrer is not enough: the manifest itself must name the subject, once it was read. */
const speaksAbout = (snapshot: RepositorySnapshot, digest: Digest, subject: Digest): boolean => {
  const manifest = snapshot.manifests.get(digest);
  if (!manifest) return !snapshot.absent.has(digest);
  return manifest.content.kind !== 'opaque' && manifest.content.subject === subject;
};

/** Some index that stays contains it. */
const isHeld = (
  digest: Digest,
  going: ReadonlyMap<Digest, Going>,
  parents: ReadonlyMap<Digest, readonly Digest[]>,
): boolean => (parents.get(digest) ?? []).some((parent) => !going.has(parent));
