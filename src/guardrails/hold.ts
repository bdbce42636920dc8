import { globMatcher } from '../glob/glob.js';
import type { Digest } from '../oci/digest.js';

/**
 * What must not be deleted in the repositories that it is about: tags of a name, one digest, or with neither of the
 * two everything. A tag in `tags` protects itself, the image that it points at and all that this image needs.
 */
export interface Hold {
  readonly id: string;
  readonly registry: string;
  /** Glob over repositories. */
  readonly repository: string;
  /** Glob over tags. */
  readonly tags: string | null;
  readonly digest: Digest | null;
  readonly reason: string;
}

/** The holds that are about one repository. */
export const holdsOn = (holds: readonly Hold[], registry: string, repository: string): readonly Hold[] =>
  holds.filter((hold) => hold.registry === registry && globMatcher(hold.repository)(repository));

/** Whether the hold is about everything there. */
export const holdsAll = (hold: Hold): boolean => hold.tags === null && hold.digest === null;

/** The first of the holds that names this tag. */
export const holdOfTag = (holds: readonly Hold[], tag: string): Hold | null =>
  holds.find((hold) => holdsAll(hold) || namesTag(hold, tag)) ?? null;

/** The first of the holds that names this digest. */
export const holdOfDigest = (holds: readonly Hold[], digest: Digest): Hold | null =>
  holds.find((hold) => holdsAll(hold) || hold.digest === digest) ?? null;

const matchers = new WeakMap<Hold, (tag: string) => boolean>();

/** A repository can have many thousands of tags: the glob is read once. */
const namesTag = (hold: Hold, tag: string): boolean => {
  if (hold.tags === null) return false;
  const matcher = matchers.get(hold) ?? globMatcher(hold.tags);
  matchers.set(hold, matcher);
  return matcher(tag);
};
