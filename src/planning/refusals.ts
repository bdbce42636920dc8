import type { Capabilities } from '../registries/registry.js';
import type { Holders } from './holders.js';
import type { Refusal } from './plan.js';
import type { PlanRequest } from './request.js';
import { referencesTo, type RequestedDigest } from './requested.js';
import { nameOf, type RepositorySnapshot } from './snapshot.js';

/** Why a requested manifest stays, said once for each way in which the caller named it. */
export const refusalsOfHeld = (
  asked: RequestedDigest,
  holders: Holders,
  request: PlanRequest,
  snapshot: RepositorySnapshot,
  capabilities: Capabilities,
): Refusal[] =>
  referencesTo(asked).map((reference) => {
    const { parents, unreadable } = holders;
    if (parents.length === 0) {
      const who = counted(
        unreadable.map((digest) => nameOf(snapshot, digest)),
        'manifests',
      );
      return {
        reference,
        code: 'unreadable_manifest',
        message: `${reference} may be part of ${who}, which Sexton cannot read; ${wayOut(asked, request, capabilities)}`,
      };
    }
    const who = counted(
      parents.map((digest) => nameOf(snapshot, digest)),
      'indexes',
    );
    return {
      reference,
      code: 'child_of_index',
      message: `${reference} is part of ${who}, which would break without it; ${wayOut(asked, request, capabilities)}`,
      parents,
    };
  });

const wayOut = (asked: RequestedDigest, request: PlanRequest, capabilities: Capabilities): string => {
  if (asked.byDigest) return 'delete that together with it';
  if (capabilities.untag === 'none')
    return 'delete that together with it (this registry cannot remove one tag alone)';
  return request.siblings === 'untag'
    ? 'delete that together with it'
    : 'delete that together with it, or use siblings: untag to remove only the tag';
};

const counted = (names: readonly string[], plural: string): string =>
  names.length > 1 ? `${names[0]} and ${names.length - 1} more ${plural}` : (names[0] ?? '');
