import { globMatcher } from '../glob/glob.js';
import type { Digest } from '../oci/digest.js';
import type { Reference } from '../oci/names.js';
import { helperTag } from './helper-tags.js';
import type { RepositorySnapshot } from './snapshot.js';

/** Which references a deletion is about, where nobody named them. Every part that is there must be true (AND). */
export interface Selector {
  /** Glob over the tag's name. */
  readonly tags: string | null;
  readonly olderThanMs: number | null;
  /** Leaves the newest so many of those that `tags` (or `untagged`) selects; also of new ones that stay anyway. */
  readonly keepNewest: number | null;
  /** Manifests that no tag names, in place of tags. */
  readonly untagged: boolean;
}

/** How old an image is: `pushed` as the registry says, else `created` as its configuration says. */
export interface Age {
  readonly at: Date;
  readonly basis: 'pushed' | 'created';
}

/** Something that a selector may select, with what is known of it. */
export interface Candidate {
  readonly reference: Reference;
  readonly digest: Digest;
  readonly age: Age | null;
}

export interface Selection {
  /** Newest first; without ages by name. */
  readonly selected: readonly Candidate[];
  readonly notes: readonly string[];
}

export const needsAges = (selector: Selector): boolean =>
  selector.olderThanMs !== null || selector.keepNewest !== null;

/**
 * What the selector's name parts leave to look at, in name order. Signatures and fallback lists are never selected:
 * they go with the image that they speak about, and one of a living image must not go for its age.
 */
export const candidatesOf = (
  selector: Selector,
  snapshot: RepositorySnapshot,
  untagged: readonly { readonly digest: Digest; readonly pushedAt: Date | null }[],
): readonly Candidate[] => {
  if (selector.untagged) {
    // No tag has the name of what has none.
    if (selector.tags !== null) return [];
    return [...untagged]
      .sort((a, b) => (a.digest < b.digest ? -1 : 1))
      .map(({ digest, pushedAt }) => ({
        reference: { kind: 'digest', digest },
        digest,
        age: pushedAt && { at: pushedAt, basis: 'pushed' },
      }));
  }
  const matches = selector.tags === null ? () => true : globMatcher(selector.tags);
  return [...snapshot.tags]
    .filter(([tag]) => helperTag(tag) === null && matches(tag))
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([tag, { digest }]) => ({ reference: { kind: 'tag', tag }, digest, age: null }));
};

/**
 * What the selector selects of its candidates at `now`. Without an age that can be believed an image is left alone
 * whenever age matters: doubt means do nothing.
 */
export const select = (selector: Selector, candidates: readonly Candidate[], now: Date): Selection => {
  if (!needsAges(selector)) return { selected: candidates, notes: [] };
  const dated = candidates.filter(hasAge);
  const unknown = candidates.filter((candidate) => !hasAge(candidate));
  const { olderThanMs, keepNewest } = selector;
  const isOldEnough = ({ age }: Dated): boolean =>
    olderThanMs === null || age.at.getTime() < now.getTime() - olderThanMs;
  const newestFirst = dated.filter((candidate) => keepNewest !== null || isOldEnough(candidate)).sort(byAge);
  const selected = newestFirst.slice(keepNewest ?? 0).filter(isOldEnough);
  const [first] = unknown;
  const notes = first
    ? [
        `${nameOf(first)}${unknown.length > 1 ? ` (and ${unknown.length - 1} more)` : ''} stays: its age is not known, or cannot be believed`,
      ]
    : [];
  return { selected, notes };
};

type Dated = Candidate & { readonly age: Age };

/** Builds that want to be reproducible write 1970 or 1980 into their images; nobody pushed those then. */
const EARLIEST = Date.UTC(2010, 0, 1);

const hasAge = (candidate: Candidate): candidate is Dated =>
  candidate.age !== null && candidate.age.at.getTime() >= EARLIEST;

/** Of equal age, by name: the same input must give the same selection. */
const byAge = (a: Dated, b: Dated): number =>
  b.age.at.getTime() - a.age.at.getTime() || (nameOf(a) < nameOf(b) ? -1 : 1);

const nameOf = ({ reference }: Candidate): string =>
  reference.kind === 'tag' ? reference.tag : reference.digest;

/** Every tag of the repository, signatures included, and every manifest without one that can be listed. */
export const everything = (
  snapshot: RepositorySnapshot,
  untagged: readonly { readonly digest: Digest }[],
): readonly Candidate[] => [
  ...[...snapshot.tags]
    .sort(([a], [b]) => (a < b ? -1 : 1))
    .map(([tag, { digest }]): Candidate => ({ reference: { kind: 'tag', tag }, digest, age: null })),
  ...[...untagged]
    .sort((a, b) => (a.digest < b.digest ? -1 : 1))
    .map(({ digest }): Candidate => ({ reference: { kind: 'digest', digest }, digest, age: null })),
];
