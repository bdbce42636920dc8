import type { Capabilities } from '../registries/registry.js';
import { spread } from './blast.js';
import { reclaimableBytes } from './bytes.js';
import { hashOf } from './hash.js';
import type { Hold } from '../guardrails/hold.js';
import { holdersOf } from './holders.js';
import { notesOn } from './notes.js';
import { inDeletionOrder } from './order.js';
import type { Plan, Refusal } from './plan.js';
import { refusalsOfHeld } from './refusals.js';
import { refusalsOfHolds } from './refusals-of-holds.js';
import type { PlanRequest } from './request.js';
import { pinReferences, type RequestedDigest } from './requested.js';
import type { RepositorySnapshot } from './snapshot.js';
import { refusalsOfTakenAlong } from './taken-along.js';
import { manifestTarget, referrersByCause, tagTargets } from './targets.js';

/**
 * What a deletion would do to the repository as it was seen; `holds` are those on this repository. Pure: the same input
 * gives the same plan and hash.
 */
export const planDeletion = (
  request: PlanRequest,
  snapshot: RepositorySnapshot,
  capabilities: Capabilities,
  holds: readonly Hold[] = [],
): Plan => {
  const { pinned, refusals: notPinned } = pinReferences(request, snapshot, capabilities);
  const deletes = pinned.filter((asked) => asked.effect === 'delete');
  const going = spread(
    deletes.map((asked) => asked.digest),
    request,
    snapshot,
  );
  // A manifest that an index holds stays (promise 2); its tag alone may go, where that was the wish.
  const held = deletes.filter((asked) => !going.has(asked.digest));
  const heldButUntagged = held.filter((asked) => mayLoseOnlyItsTags(asked, request, capabilities));
  const refused = held
    .filter((asked) => !heldButUntagged.includes(asked))
    .flatMap((asked) =>
      refusalsOfHeld(asked, holdersOf(snapshot, asked.digest, going), request, snapshot, capabilities),
    );
  const untagged = pinned.filter((asked) => asked.effect !== 'delete' && !going.has(asked.digest));
  const dangling = untagged.filter((asked) => snapshot.absent.has(asked.digest));
  const askedFor = new Map(pinned.map((asked) => [asked.digest, asked]));
  const referrers = referrersByCause(going);
  const targets = [
    ...[...untagged, ...heldButUntagged]
      .flatMap((asked) => tagTargets(asked, snapshot))
      .sort((a, b) => (a.reference < b.reference ? -1 : 1)),
    ...inDeletionOrder(going, snapshot).map((digest) =>
      manifestTarget(
        digest,
        going.get(digest) ?? { because: 'requested', cause: null },
        referrers.get(digest) ?? [],
        askedFor.get(digest),
        snapshot,
      ),
    ),
  ];
  const taken = capabilities.deletesAlong ? refusalsOfTakenAlong(deletes, going, snapshot) : [];
  const refusals = inOrder([
    ...refusalsOfHolds(request, targets, snapshot, holds),
    ...notPinned,
    ...refused,
    ...taken,
  ]);
  return {
    hash: hashOf(request, targets, refusals),
    targets,
    refusals,
    selected: null,
    notes: notesOn(going, heldButUntagged, dangling, snapshot, capabilities),
    reclaimableBytes: reclaimableBytes(going, snapshot),
  };
};

const mayLoseOnlyItsTags = (
  asked: RequestedDigest,
  request: PlanRequest,
  capabilities: Capabilities,
): boolean => request.siblings === 'untag' && !asked.byDigest && capabilities.untag !== 'none';

/** Of several refusals of one reference the first one counts, so that this order is total. */
const inOrder = (refusals: readonly Refusal[]): Refusal[] => {
  const byReference = new Map<string, Refusal>();
  for (const refusal of refusals) {
    if (!byReference.has(refusal.reference)) byReference.set(refusal.reference, refusal);
  }
  return [...byReference.values()].sort((a, b) => (a.reference < b.reference ? -1 : 1));
};
