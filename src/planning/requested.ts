import { isContentDigest, type Digest } from '../oci/digest.js';
import type { Tag } from '../oci/names.js';
import type { Capabilities } from '../registries/registry.js';
import { MOST_SIBLINGS, type Refusal } from './plan.js';
import { distinctReferences, textOf, type PlanRequest } from './request.js';
import { tagsOn, type RepositorySnapshot } from './snapshot.js';

/** What the request means for one digest. */
export interface RequestedDigest {
  readonly digest: Digest;
  /** Requested tags on it, sorted. */
  readonly tags: readonly Tag[];
  readonly byDigest: boolean;
  /** Tags on it that nobody asked for, sorted. */
  readonly siblings: readonly Tag[];
  /**
   * `delete`: the manifest goes with all its tags; `untag`: only the requested tags go; `untag_all`: the siblings too,
   * one by one, and the manifest stays.
   */
  readonly effect: 'delete' | 'untag' | 'untag_all';
}

/** Whether this registry can have such a digest, and remove what it names. */
export const canGoByDigest = (digest: Digest, { deletes }: Capabilities): boolean =>
  deletes === 'manifests' && isContentDigest(digest);

/** Every way in which the caller named the digest. */
export const referencesTo = (asked: Pick<RequestedDigest, 'digest' | 'tags' | 'byDigest'>): string[] =>
  asked.byDigest ? [asked.digest, ...asked.tags] : [...asked.tags];

/** Pins every reference to its digest, and decides what siblings mean for it. Each digest comes once, sorted. */
export const pinReferences = (
  request: PlanRequest,
  snapshot: RepositorySnapshot,
  capabilities: Capabilities,
): { readonly pinned: readonly RequestedDigest[]; readonly refusals: readonly Refusal[] } => {
  const refusals: Refusal[] = [];
  const tagsByDigest = new Map<Digest, Set<Tag>>();
  const named = new Set<Digest>();
  for (const reference of distinctReferences(request)) {
    const digest = reference.kind === 'tag' ? snapshot.tags.get(reference.tag)?.digest : reference.digest;
    if (reference.kind === 'digest' && capabilities.deletes === 'tags') {
      refusals.push(digestUnsupported(reference.digest, snapshot));
    } else if (reference.kind === 'tag' && isStuck(reference.tag, snapshot, capabilities)) {
      refusals.push({
        reference: reference.tag,
        code: 'dangling_tag',
        message: `Tag ${reference.tag} points at a manifest that is gone, and ${
          capabilities.deletes === 'tags' ? 'could not be put back' : "the registry's API cannot remove it"
        }; remove it through the registry's storage, or push the tag again`,
      });
    } else if (
      digest === undefined ||
      (reference.kind === 'digest' && (snapshot.absent.has(digest) || !canGoByDigest(digest, capabilities)))
    ) {
      const text = textOf(reference);
      refusals.push({
        reference: text,
        code: 'reference_not_found',
        message: `The repository has no ${text}; check the spelling, or leave it out of the request`,
      });
    } else {
      const tags = tagsByDigest.get(digest) ?? new Set();
      if (reference.kind === 'tag') tags.add(reference.tag);
      else named.add(digest);
      tagsByDigest.set(digest, tags);
    }
  }
  const pinned: RequestedDigest[] = [];
  for (const digest of [...tagsByDigest.keys()].sort()) {
    const asked = tagsByDigest.get(digest) ?? new Set();
    const tags = [...asked].sort();
    const siblings = tagsOn(snapshot, digest).filter((tag) => !asked.has(tag));
    const wanted = { digest, tags, siblings, byDigest: named.has(digest) };
    const outcome = decide(wanted, request, capabilities, snapshot);
    if (Array.isArray(outcome)) refusals.push(...outcome);
    else pinned.push(outcome);
  }
  return { pinned, refusals };
};

/** Listed and resolved to nothing, or resolved to what turned out not to be there, which few registries can remove. */
const isStuck = (tag: Tag, snapshot: RepositorySnapshot, { untagsDangling }: Capabilities): boolean => {
  const digest = snapshot.tags.get(tag)?.digest;
  if (snapshot.danglingTags.has(tag)) return true;
  return digest !== undefined && snapshot.absent.has(digest) && untagsDangling !== true;
};

const digestUnsupported = (digest: Digest, snapshot: RepositorySnapshot): Refusal => {
  const tags = tagsOn(snapshot, digest);
  const instead = tags.length === 0 ? 'the tags to remove' : tags.join(', ');
  return {
    reference: digest,
    code: 'digest_unsupported',
    message: `This registry deletes tags only, so ${digest} itself cannot go; name ${instead} instead`,
    ...(tags.length > 0 && { tags }),
  };
};

const decide = (
  asked: Omit<RequestedDigest, 'effect'>,
  { siblings: rule }: PlanRequest,
  capabilities: Capabilities,
  snapshot: RepositorySnapshot,
): RequestedDigest | Refusal[] => {
  const { digest, siblings, byDigest } = asked;
  // Of a manifest that is gone only tags are left to go.
  if (capabilities.deletes === 'tags' || snapshot.absent.has(digest)) {
    return { ...asked, effect: rule === 'include' ? 'untag_all' : 'untag' };
  }
  const isOnlyTag = rule === 'single' && byDigest && siblings.length === 1 && asked.tags.length === 0;
  if (siblings.length === 0 || isOnlyTag || rule === 'include') return { ...asked, effect: 'delete' };
  const others = pointing(siblings);
  const shown = siblings.slice(0, MOST_SIBLINGS);
  const refuse = (code: Refusal['code'], say: (reference: string) => string): Refusal[] =>
    referencesTo(asked).map((reference) => ({ reference, code, message: say(reference), tags: shown }));
  if (byDigest && rule === 'untag') {
    return refuse(
      'shared_digest',
      (reference) =>
        `${reference} cannot go while its tags stay: ${others} at ${digest}; name the tags to remove instead, or use siblings: include`,
    );
  }
  if (rule === 'refuse' || rule === 'single') {
    return refuse(
      'shared_digest',
      (reference) =>
        `Deleting ${reference} would take others along: ${others} at ${digest}; use siblings: ${byDigest ? '' : 'untag or '}include`,
    );
  }
  if (capabilities.untag === 'none') {
    return refuse(
      'untag_unsupported',
      (reference) =>
        `This registry cannot remove ${reference} alone, and ${others} at ${digest}; use siblings: include, or name all its tags`,
    );
  }
  return { ...asked, effect: 'untag' };
};

const MOST_NAMED = 3;

const pointing = (tags: readonly Tag[]): string => {
  if (tags.length === 1) return `tag ${tags[0]} points`;
  const more = tags.length - MOST_NAMED;
  return `tags ${tags.slice(0, MOST_NAMED).join(', ')}${more > 0 ? ` and ${more} more` : ''} point`;
};
