import type { ErrorCode } from '../errors/codes.js';
import type { Digest } from '../oci/digest.js';
import type { Tag } from '../oci/names.js';

/** Most sibling tags that are shown with one target or refusal. */
export const MOST_SIBLINGS = 100;

/** One thing that goes. The field names are the public contract (DESIGN §5). */
export interface PlanTarget {
  /** `tag`: only the tag goes, its manifest stays. `manifest`: it goes, with every tag in `tags`. */
  readonly kind: 'tag' | 'manifest';
  /** As the caller named it; what was not named is named by its tag or digest. */
  readonly reference: string;
  readonly digest: Digest;
  readonly mediaType: string;
  /** Bytes of the manifest itself. */
  readonly size: number;
  readonly because: 'requested' | 'sibling' | 'child' | 'referrer';
  /** What must have gone before: the index of a child, the subject of a referrer. */
  readonly cause: Digest | null;
  /** Every tag that goes with it. */
  readonly tags: readonly Tag[];
  /** Other tags on the digest, at most 100 of them: for a tag those that stay, for a manifest those not asked for. */
  readonly siblings: readonly Tag[];
  readonly parents: readonly Digest[];
  readonly children: readonly Digest[];
  readonly referrers: readonly Digest[];
}

/** Its manifest was gone when the plan was made: nothing was read of it, and nothing can put the tag back. */
export const pointsAtNothing = ({ kind, size }: PlanTarget): boolean => kind === 'tag' && size === 0;

/** A reference that a selector, or the wish for the whole repository, came to. */
export interface SelectedReference {
  readonly reference: string;
  readonly digest: Digest;
  /** When it was pushed, or made as its configuration says; null where age did not matter. ISO 8601. */
  readonly age: { readonly at: string; readonly basis: 'pushed' | 'created' } | null;
}

export interface Refusal {
  readonly reference: string;
  readonly code: ErrorCode;
  /** One sentence: what stands in the way. */
  readonly message: string;
  readonly tags?: readonly Tag[];
  readonly parents?: readonly Digest[];
}

/** What a deletion would do. With any refusal nothing is done at all. */
export interface Plan {
  /** The same for the same request and effect; anything that moves changes it. */
  readonly hash: string;
  /** In the order of execution. */
  readonly targets: readonly PlanTarget[];
  readonly refusals: readonly Refusal[];
  /** What was selected; null where the caller named the references. What runs is this, never the selector. */
  readonly selected: readonly SelectedReference[] | null;
  /** How many tags there were, dangling ones too; a plan that an older version stored does not say. */
  readonly tagsInRepository?: number;
  /** What was left alone although it looks related, and what could not be known. */
  readonly notes: readonly string[];
  /** Bytes that collection can free, each blob once; not `exact`: at most so many. */
  readonly reclaimableBytes: { readonly value: number; readonly exact: boolean };
}
