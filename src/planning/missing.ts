import type { Digest } from '../oci/digest.js';
import type { Capabilities } from '../registries/registry.js';
import { spread } from './blast.js';
import type { PlanRequest } from './request.js';
import { pinReferences } from './requested.js';
import { parentsByChild, unreadContainers, type RepositorySnapshot } from './snapshot.js';

export interface Missing {
  /** Manifests to read. */
  readonly read: readonly Digest[];
  /** Digests to ask the referrers API about. */
  readonly referrersOf: readonly Digest[];
}

/**
 * What must still be asked of the registry before `planDeletion` can be trusted. Whoever does the asking adds the
 * answers to the snapshot and calls again, until nothing is missing: knowledge grows each time, so it ends.
 */
export const missingForPlan = (
  request: PlanRequest,
  snapshot: RepositorySnapshot,
  capabilities: Capabilities,
): Missing => {
  const containers = unreadContainers(snapshot);
  const { pinned } = pinReferences(request, snapshot, capabilities);
  const whole = pinned.filter((asked) => asked.effect === 'delete').map((asked) => asked.digest);
  const going = spread(whole, request, snapshot, parentsByChild(snapshot));
  const touched = [...pinned.map((asked) => asked.digest), ...namedDigests(request), ...going.keys()];
  const unread = touched.filter((d) => !snapshot.manifests.has(d) && !snapshot.absent.has(d));
  const asks = capabilities.referrersApi && request.referrers === 'include';
  return {
    read: [...new Set([...containers, ...unread])].sort(),
    referrersOf: asks ? [...going.keys()].filter((d) => !snapshot.referrers.has(d)).sort() : [],
  };
};

const namedDigests = (request: PlanRequest): Digest[] =>
  request.references.flatMap((reference) => (reference.kind === 'digest' ? [reference.digest] : []));
