import type { ErrorCode } from '../errors/codes.js';
import type { Digest } from '../oci/digest.js';
import type { PlanTarget } from './plan.js';
import { opaqueManifests, parentsByChild, tagsOn, type RepositorySnapshot } from './snapshot.js';

export type Verdict =
  | { readonly verdict: 'go' }
  | { readonly verdict: 'absent' }
  | { readonly verdict: 'tag_moved'; readonly message: string }
  | { readonly verdict: 'refused'; readonly code: ErrorCode; readonly message: string };

/**
 * Whether a target may still go, with the repository seen anew. The plan showed exactly its tags and no living index;
 * whatever differs in the dangerous direction stops this target. `gone`: targets of this deletion that went already.
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
  if (snapshot.absent.has(target.digest)) return { verdict: 'absent' };
  return target.kind === 'tag' ? recheckTag(target, snapshot) : recheckManifest(target, snapshot, gone);
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
  if (target.cause !== null && !gone.has(target.cause)) {
    return refused(
      'plan_stale',
      `${target.reference} stays because ${target.cause}, with which it would go, stays`,
    );
  }
  const added = tagsOn(snapshot, target.digest).filter((tag) => !target.tags.includes(tag));
  if (added.length > 0) {
    return refused('shared_digest', `Tag ${added[0]} points at ${target.digest} since the plan was made`);
  }
  const parents = parentsByChild(snapshot).get(target.digest) ?? [];
  const living = parents.filter((parent) => !gone.has(parent));
  if (living.length > 0) {
    return refused('child_of_index', `Index ${living[0]} contains ${target.digest} and stays`);
  }
  const opaque = opaqueManifests(snapshot, new Set([target.digest, ...gone]));
  if (opaque.length > 0) {
    return refused('unreadable_manifest', `What ${opaque[0]} contains cannot be read`);
  }
  return { verdict: 'go' };
};

const refused = (code: ErrorCode, message: string): Verdict => ({ verdict: 'refused', code, message });
