import type { Digest } from '../oci/digest.js';
import type { Reference } from '../oci/names.js';
import { heldBy, heldManifests, holdOn } from './held.js';
import { holdOfDigest, holdOfTag, type Hold } from '../guardrails/hold.js';
import type { PlanTarget, Refusal } from './plan.js';
import { distinctReferences, textOf, type PlanRequest } from './request.js';
import { tagsOn, type RepositorySnapshot } from './snapshot.js';

/**
 * Refuses what holds protect, said of the reference that would take it along: nothing widens a request past a hold,
 * neither `siblings: include` nor children, referrers, or the wish for the whole repository.
 */
export const refusalsOfHolds = (
  request: PlanRequest,
  targets: readonly PlanTarget[],
  snapshot: RepositorySnapshot,
  holds: readonly Hold[],
): Refusal[] => {
  if (holds.length === 0) return [];
  const held = heldManifests(snapshot, holds);
  const byReference = new Map<string, Refusal>();
  for (const reference of distinctReferences(request)) {
    const text = textOf(reference);
    const hold = holdOfReference(reference, snapshot, holds);
    if (hold) byReference.set(text, refusal(text, `${text} is ${heldBy(hold)}`));
  }
  const byDigest = new Map(targets.map((target) => [target.digest, target]));
  for (const target of targets) {
    const hold = holdOn(target, snapshot, holds, held);
    if (!hold) continue;
    const root = rootOf(target, byDigest);
    if (byReference.has(root.reference)) continue;
    const what = whatIsHeld(target, root, holds);
    const message =
      what === root.reference
        ? `${what} is ${heldBy(hold)}`
        : `${root.reference} cannot go: ${what}, which would go with it, is ${heldBy(hold)}`;
    byReference.set(root.reference, refusal(root.reference, message, tagsOn(snapshot, target.digest)));
  }
  return [...byReference.values()];
};

/** What is not there needs no protection: to say so is of more use. */
const holdOfReference = (
  reference: Reference,
  snapshot: RepositorySnapshot,
  holds: readonly Hold[],
): Hold | null => {
  if (reference.kind === 'tag')
    return snapshot.tags.has(reference.tag) ? holdOfTag(holds, reference.tag) : null;
  return snapshot.absent.has(reference.digest) ? null : holdOfDigest(holds, reference.digest);
};

const refusal = (reference: string, message: string, tags: Refusal['tags'] = []): Refusal => ({
  reference,
  code: 'held',
  message,
  ...(tags.length > 0 && { tags: tags.slice(0, MOST_TAGS) }),
});

const MOST_TAGS = 100;

/** The target whose going takes this one along. */
const rootOf = (target: PlanTarget, byDigest: ReadonlyMap<Digest, PlanTarget>): PlanTarget => {
  let at = target;
  for (let cause = at.cause; cause !== null; cause = at.cause) {
    const next = byDigest.get(cause);
    if (!next) break;
    at = next;
  }
  return at;
};

const whatIsHeld = (target: PlanTarget, root: PlanTarget, holds: readonly Hold[]): string => {
  if (target !== root) return target.reference;
  return target.tags.find((tag) => holdOfTag(holds, tag) !== null) ?? root.reference;
};
