import type { Digest } from '../oci/digest.js';
import type { Tag } from '../oci/names.js';
import { helperTag, stemOf } from './helper-tags.js';
import { childrenOf, subjectOf, tagsOn, type RepositorySnapshot } from './snapshot.js';

type HelpersByStem = ReadonlyMap<string, readonly Tag[]>;
const byTags = new WeakMap<RepositorySnapshot['tags'], HelpersByStem>();

/** Helper tags by what they speak about, sorted; made once for each survey. */
const helperTags = (tags: RepositorySnapshot['tags']): HelpersByStem => {
  const known = byTags.get(tags);
  if (known) return known;
  const byStem = new Map<string, Tag[]>();
  for (const tag of [...tags.keys()].sort()) {
    const helper = helperTag(tag);
    if (helper) byStem.set(helper.stem, [...(byStem.get(helper.stem) ?? []), tag]);
  }
  byTags.set(tags, byStem);
  return byStem;
};

/** Everything that may speak about the subject and must be read to know: the manifests of its helper tags, what their
 * indexes list, and what the referrers API lists. */
export const suspectsOf = (snapshot: RepositorySnapshot, subject: Digest): Digest[] => {
  const helpers = (helperTags(snapshot.tags).get(stemOf(subject)) ?? []).flatMap((tag) => {
    const digest = snapshot.tags.get(tag)?.digest;
    return digest === undefined || digest === subject ? [] : [digest];
  });
  const listed = helpers.flatMap((digest) => childrenOf(snapshot, digest).map((child) => child.digest));
  const answered = (snapshot.referrers.get(subject) ?? []).map((descriptor) => descriptor.digest);
  return [...new Set([...helpers, ...listed, ...answered])];
};

/** Suspects that do speak about the subject. To be listed is not enough, and in doubt it is not one. */
export const referrersOf = (snapshot: RepositorySnapshot, subject: Digest): Digest[] =>
  suspectsOf(snapshot, subject).filter((digest) => speaksAbout(snapshot, digest, subject));

/**
 * The manifest names the subject itself, or a cosign tag on it does, or it is the subject's fallback list. People also
 * tag ordinary images `sha256-<hex>`; such a tag makes a list only of an index in which everything names the subject.
 */
const speaksAbout = (snapshot: RepositorySnapshot, digest: Digest, subject: Digest): boolean => {
  if (snapshot.absent.has(digest)) return false;
  if (subjectOf(snapshot, digest) === subject) return true;
  return tagsOn(snapshot, digest).some((tag) => {
    const helper = helperTag(tag);
    if (helper?.stem !== stemOf(subject)) return false;
    return helper.kind === 'cosign' || listsOnlyReferrers(snapshot, digest, subject);
  });
};

const listsOnlyReferrers = (snapshot: RepositorySnapshot, list: Digest, subject: Digest): boolean =>
  snapshot.manifests.get(list)?.content.kind === 'index' &&
  childrenOf(snapshot, list).every(
    ({ digest }) => snapshot.absent.has(digest) || subjectOf(snapshot, digest) === subject,
  );

/** Tags on the digest that stay when everything in `subjects` goes: all but the helper tags of those. */
export const tagsOfItsOwn = (
  snapshot: RepositorySnapshot,
  digest: Digest,
  subjectStems: ReadonlySet<string>,
): readonly Tag[] => tagsOn(snapshot, digest).filter((tag) => !subjectStems.has(helperTag(tag)?.stem ?? ''));
