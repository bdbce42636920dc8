import type { ErrorCode } from '../errors/codes.js';
import type { Digest } from '../oci/digest.js';
import { stemOf } from './helper-tags.js';
import { holdersOf } from './holders.js';
import { pointsAtNothing, type PlanTarget } from './plan.js';
import { tagsOfItsOwn } from './referrers.js';
import { nameOf, tagsOn, type RepositorySnapshot } from './snapshot.js';

export type Verdict =
  | { readonly verdict: 'go' }
  | { readonly verdict: 'absent' }
  /** The tag is as it was, on a manifest that is gone, as it was when the plan was made. */
  | { readonly verdict: 'dangling' }
  | { readonly verdict: 'tag_moved'; readonly message: string }
  | { readonly verdict: 'refused'; readonly code: ErrorCode; readonly message: string };

/**
 * Whether a target may still go, with the repository seen anew. The plan showed exactly its tags and no living index;
 * whatever differs in the dangerous direction stops this target. `gone`: manifests that this deletion removed already,
 * or found absent.
 */
export const recheckTarget = (
  target: PlanTarget,
  snapshot: RepositorySnapshot,
  gone: ReadonlySet<Digest>,
): Verdict => {
  const moved = target.tags.find((tag) => {
    const now = snapshot.tags.get(tag);
    return now !== undefined && now.digest !== target.digest;
  });
  if (moved !== undefined) {
    const message = `Tag ${moved} no longer points at ${target.digest}; it was left alone`;
    return { verdict: 'tag_moved', message };
  }
  if (pointsAtNothing(target)) return recheckDangling(target, snapshot);
  if (snapshot.absent.has(target.digest)) return { verdict: 'absent' };
  return target.kind === 'tag' ? recheckTag(target, snapshot) : recheckManifest(target, snapshot, gone);
};

const recheckDangling = (target: PlanTarget, snapshot: RepositorySnapshot): Verdict => {
  if (!target.tags.some((tag) => snapshot.tags.has(tag))) return { verdict: 'absent' };
  if (snapshot.absent.has(target.digest)) return { verdict: 'dangling' };
  return refused(
    'plan_stale',
    `${target.digest} is there again, so that ${target.reference} no longer points at nothing; make a new plan`,
  );
};

const recheckTag = (target: PlanTarget, snapshot: RepositorySnapshot): Verdict => {
  const [tag] = target.tags;
  if (tag === undefined) return { verdict: 'absent' };
  if (snapshot.danglingTags.has(tag)) {
    return refused('dangling_tag', `Tag ${tag} points at a manifest that is gone meanwhile`);
  }
  return snapshot.tags.has(tag) ? { verdict: 'go' } : { verdict: 'absent' };
};

const recheckManifest = (
  target: PlanTarget,
  snapshot: RepositorySnapshot,
  gone: ReadonlySet<Digest>,
): Verdict => {
  const stayed = causeThatStayed(target, snapshot, gone);
  if (stayed !== null) {
    return refused(
      'plan_stale',
      `${target.reference} stays because ${stayed}, with which it would go, stays`,
    );
  }
  const added = tagsOn(snapshot, target.digest).filter((tag) => !target.tags.includes(tag));
  if (added.length > 0) {
    return refused(
      'shared_digest',
      `Tag ${added[0]} points at ${target.digest} since the plan was made; make a new plan`,
    );
  }
  const { parents, unreadable } = holdersOf(snapshot, target.digest, gone);
  // A planned parent that could not be removed may have lost its tags meanwhile: then only the plan knows of it.
  const living = [...parents, ...target.parents.filter((parent) => isLeft(parent, snapshot, gone))];
  const [parent] = living;
  if (parent !== undefined) {
    return refused(
      'child_of_index',
      `Index ${nameOf(snapshot, parent)} contains ${target.digest} and stays; make a new plan`,
    );
  }
  const [holder] = unreadable;
  if (holder !== undefined) {
    return refused(
      'unreadable_manifest',
      `Sexton cannot read what ${nameOf(snapshot, holder)} contains, so it may need ${target.digest}`,
    );
  }
  return { verdict: 'go' };
};

/**
 * A child or referrer goes only after what took it along. A cosign or fallback manifest can speak about several
 * subjects through several tags: all of them must be gone.
 */
const causeThatStayed = (
  target: PlanTarget,
  snapshot: RepositorySnapshot,
  gone: ReadonlySet<Digest>,
): string | null => {
  if (target.cause === null) return null;
  if (isLeft(target.cause, snapshot, gone)) return target.cause;
  if (target.because !== 'referrer') return null;
  const others = tagsOfItsOwn(snapshot, target.digest, new Set([stemOf(target.cause)]));
  if (others.length === 0) return null;
  const stillNeeded = tagsOfItsOwn(snapshot, target.digest, new Set([...gone, target.cause].map(stemOf)));
  return stillNeeded.find((tag) => target.tags.includes(tag)) ?? null;
};

const isLeft = (digest: Digest, snapshot: RepositorySnapshot, gone: ReadonlySet<Digest>): boolean =>
  !gone.has(digest) && !snapshot.absent.has(digest);

const refused = (code: ErrorCode, message: string): Verdict => ({ verdict: 'refused', code, message });
