import type { Digest } from '../oci/digest.js';
import type { Capabilities } from '../registries/registry.js';
import { spread } from './blast.js';
import { unreadForHolds } from './held.js';
import type { Hold } from '../guardrails/hold.js';
import { unreadBelow } from './holders.js';
import type { PlanTarget } from './plan.js';
import { suspectsOf } from './referrers.js';
import type { PlanRequest } from './request.js';
import { canGoByDigest, pinReferences } from './requested.js';
import { childrenOf, isUnread, unreadContainers, type RepositorySnapshot } from './snapshot.js';

export interface Missing {
  /** Manifests to read. */
  readonly read: readonly Digest[];
  /** Digests to ask the referrers API about. */
  readonly referrersOf: readonly Digest[];
}

/**
 * What must still be asked of the registry before `planDeletion` can be trusted. Whoever does the asking adds the
 * answers to the snapshot and calls again, until nothing is missing. Every question is about something not yet
 * answered, so it ends with the repository; whoever asks bounds the rounds, because a repository may be hostile.
 */
export const missingForPlan = (
  request: PlanRequest,
  snapshot: RepositorySnapshot,
  capabilities: Capabilities,
  holds: readonly Hold[] = [],
): Missing => {
  const { pinned } = pinReferences(request, snapshot, capabilities);
  const whole = pinned.filter((asked) => asked.effect === 'delete').map((asked) => asked.digest);
  const going = [...spread(whole, request, snapshot).keys()];
  const named = request.references.flatMap((r) =>
    r.kind === 'digest' && canGoByDigest(r.digest, capabilities) ? [r.digest] : [],
  );
  const withReferrers = request.referrers === 'include' || capabilities.deletesAlong ? going : [];
  const suspects = withReferrers.flatMap((subject) => suspectsOf(snapshot, subject));
  const children = going.flatMap((index) => childrenOf(snapshot, index).map((child) => child.digest));
  const touched = [...pinned.map((asked) => asked.digest), ...named, ...going, ...suspects].filter((digest) =>
    isUnread(snapshot, digest),
  );
  const below = unreadBelow(snapshot, [...whole, ...going, ...suspects, ...children]);
  const forHolds = unreadForHolds(snapshot, capabilities.deletes === 'manifests' ? going : [], holds);
  return {
    read: [...new Set([...unreadContainers(snapshot), ...touched, ...below, ...forHolds])].sort(),
    referrersOf: capabilities.referrersApi
      ? withReferrers.filter((digest) => !snapshot.referrers.has(digest)).sort()
      : [],
  };
};

/**
 * What must still be asked before `recheckTarget` can be trusted: every index, where something cannot be read also what
 * the targets lead to, since that cannot contain them, and what has `gone` before them, which may be there again.
 */
export const missingForRecheck = (
  targets: readonly PlanTarget[],
  gone: ReadonlySet<Digest>,
  snapshot: RepositorySnapshot,
  holds: readonly Hold[] = [],
): Missing => {
  const left = targets.map(({ digest }) => digest).filter((digest) => !gone.has(digest));
  const manifests = targets.flatMap(({ kind, digest }) =>
    kind === 'manifest' && !gone.has(digest) ? [digest] : [],
  );
  const before = targets
    .filter(({ digest }) => !gone.has(digest))
    .flatMap(({ cause, parents }) => (cause === null ? parents : [cause, ...parents]))
    .filter((digest) => gone.has(digest) && isUnread(snapshot, digest));
  const read = new Set([
    ...unreadContainers(snapshot),
    ...before,
    ...unreadBelow(snapshot, left),
    ...unreadForHolds(snapshot, manifests, holds),
  ]);
  return { read: [...read].sort(), referrersOf: [] };
};
