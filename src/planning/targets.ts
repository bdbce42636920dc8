import type { Digest } from '../oci/digest.js';
import type { Going } from './blast.js';
import { parentsOf } from './holders.js';
import { MOST_SIBLINGS, type PlanTarget } from './plan.js';
import type { RequestedDigest } from './requested.js';
import { childrenOf, tagsOn, type RepositorySnapshot } from './snapshot.js';

/** Targets that take one tag each and leave the manifest. */
export const tagTargets = (asked: RequestedDigest, snapshot: RepositorySnapshot): PlanTarget[] => {
  const facts = factsAbout(asked.digest, snapshot);
  const requested = new Set(asked.tags);
  // Thousands of tags on one digest would be shown thousands of times.
  const shown = tagsOn(snapshot, asked.digest).slice(0, MOST_SIBLINGS + 1);
  return [...asked.tags, ...(asked.effect === 'untag_all' ? asked.siblings : [])].map((tag) => ({
    ...facts,
    kind: 'tag',
    reference: tag,
    because: requested.has(tag) ? 'requested' : 'sibling',
    cause: null,
    tags: [tag],
    siblings: shown.filter((other) => other !== tag).slice(0, MOST_SIBLINGS),
    referrers: [],
  }));
};

/** The target that takes a manifest, with every tag on it. */
export const manifestTarget = (
  digest: Digest,
  { because, cause }: Going,
  referrers: readonly Digest[],
  asked: RequestedDigest | undefined,
  snapshot: RepositorySnapshot,
): PlanTarget => {
  const tags = tagsOn(snapshot, digest);
  const name = asked ? (asked.byDigest ? digest : asked.tags[0]) : tags[0];
  return {
    ...factsAbout(digest, snapshot),
    kind: 'manifest',
    reference: name ?? digest,
    because,
    cause,
    tags,
    siblings: asked?.siblings.slice(0, MOST_SIBLINGS) ?? [],
    referrers,
  };
};

/** The referrers that each of those that go takes along, sorted. */
export const referrersByCause = (
  going: ReadonlyMap<Digest, Going>,
): ReadonlyMap<Digest, readonly Digest[]> => {
  const byCause = new Map<Digest, Digest[]>();
  for (const digest of [...going.keys()].sort()) {
    const why = going.get(digest);
    if (why?.because !== 'referrer' || why.cause === null) continue;
    const known = byCause.get(why.cause);
    if (known) known.push(digest);
    else byCause.set(why.cause, [digest]);
  }
  return byCause;
};

const factsAbout = (digest: Digest, snapshot: RepositorySnapshot) => {
  const manifest = snapshot.manifests.get(digest);
  return {
    digest,
    mediaType: manifest?.mediaType ?? 'application/octet-stream',
    size: manifest?.bytes.byteLength ?? 0,
    parents: parentsOf(snapshot, digest),
    children: [...new Set(childrenOf(snapshot, digest).map((child) => child.digest))].sort(),
  };
};
