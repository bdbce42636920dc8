import type { Digest } from '../oci/digest.js';
import { stemOf } from './helper-tags.js';
import { holdersOf } from './holders.js';
import type { PlanTarget } from './plan.js';
import { referrersOf, tagsOfItsOwn } from './referrers.js';
import type { PlanRequest } from './request.js';
import { childrenOf, subjectOf, tagsOn, type RepositorySnapshot } from './snapshot.js';

/** Why a manifest goes, and after which other one. */
export interface Going {
  readonly because: PlanTarget['because'];
  readonly cause: Digest | null;
}

/**
 * Everything that goes when `requested` are to go: they, the children that nothing else holds, and the referrers that
 * nothing else needs. A manifest joins only after all that holds it has joined, so that there is an order in which no
 * living index ever has a hole. A requested manifest that something holds is not in the answer.
 */
export const spread = (
  requested: readonly Digest[],
  request: PlanRequest,
  snapshot: RepositorySnapshot,
): ReadonlyMap<Digest, Going> => {
  const going = new Map<Digest, Going>();
  const asked = new Set(requested);
  const join = (digest: Digest, why: Going): void => {
    if (going.has(digest) || snapshot.absent.has(digest)) return;
    if (why.because !== 'requested' && asked.has(digest)) return;
    const { parents, unreadable } = holdersOf(snapshot, digest, going);
    if (parents.length === 0 && unreadable.length === 0) going.set(digest, why);
  };
  for (let grew = true; grew;) {
    const before = going.size;
    for (const digest of [...asked].sort()) join(digest, { because: 'requested', cause: null });
    if (request.referrers === 'include') {
      const stems = new Set([...going.keys()].map(stemOf));
      for (const subject of [...going.keys()]) {
        for (const digest of referrersOf(snapshot, subject)) {
          if (tagsOfItsOwn(snapshot, digest, stems).length > 0) continue;
          join(digest, { because: 'referrer', cause: subject });
        }
      }
    }
    if (request.children === 'include') {
      for (const index of [...going.keys()]) {
        for (const { digest } of childrenOf(snapshot, index)) {
          if (staysAsChild(snapshot, digest, request)) continue;
          join(digest, { because: 'child', cause: index });
        }
      }
    }
    grew = going.size > before;
  }
  return going;
};

/** A child with a tag of its own, and with `referrers: keep` one that is a referrer as well. */
const staysAsChild = (snapshot: RepositorySnapshot, digest: Digest, request: PlanRequest): boolean =>
  tagsOn(snapshot, digest).length > 0 ||
  (request.referrers === 'keep' && subjectOf(snapshot, digest) !== null);
