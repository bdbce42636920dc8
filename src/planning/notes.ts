import type { Digest } from '../oci/digest.js';
import type { Capabilities, OrphanReport } from '../registries/registry.js';
import type { Going } from './blast.js';
import { suspectsOf } from './referrers.js';
import type { RequestedDigest } from './requested.js';
import { childrenOf, nameOf, type RepositorySnapshot } from './snapshot.js';

/** What was left alone although it looks related, and what could not be known. Not part of the plan's hash. */
export const notesOn = (
  going: ReadonlyMap<Digest, Going>,
  heldButUntagged: readonly RequestedDigest[],
  dangling: readonly RequestedDigest[],
  snapshot: RepositorySnapshot,
  capabilities: Capabilities,
): string[] => {
  const stays = (digest: Digest) => !going.has(digest) && !snapshot.absent.has(digest);
  const children = [...going.keys()].flatMap((digest) => childrenOf(snapshot, digest).map((c) => c.digest));
  const speakers = [...going.keys()].flatMap((digest) => suspectsOf(snapshot, digest));
  const keptChildren = new Set(children.filter(stays));
  const keptSpeakers = new Set(speakers.filter((digest) => stays(digest) && !keptChildren.has(digest)));
  return [
    ...heldButUntagged.map(
      ({ digest, tags }) =>
        `Only ${tags.join(', ')} is removed: the manifest ${digest} stays, because an index holds it or may hold it`,
    ),
    ...dangling.map(
      ({ digest, tags }) =>
        `The manifest ${digest} is gone already: ${tags.join(', ')} cannot be put back once removed`,
    ),
    ...(keptChildren.size > 0
      ? [`${sample(keptChildren, snapshot)} stays: another index or tag needs it, or the request keeps it`]
      : []),
    ...(keptSpeakers.size > 0
      ? [
          `${sample(keptSpeakers, snapshot)} stays: something else needs it, the request keeps it, or it is no referrer of what goes`,
        ]
      : []),
    ...(going.size > 0 && !capabilities.listsUntagged
      ? ['This registry does not list untagged manifests: an index is known only if a tag leads to it']
      : []),
  ];
};

/** Most ids that a note spells out. */
const MOST_NAMED = 20;

/** What is left behind for a later collection, of a registry that deletes tags and not what they point at. */
export const noteOnOrphans = (report: OrphanReport | null): string[] => {
  if (report === null) {
    return ['Which images no tag leads to any more cannot be told: not every tag could be followed'];
  }
  const { images, lookedAt } = report;
  if (images.length === 0) return [];
  const named = images.slice(0, MOST_NAMED).join(', ');
  const more = images.length > MOST_NAMED ? ` and ${images.length - MOST_NAMED} more` : '';
  return [
    lookedAt === 'registry'
      ? `No tag of the registry will lead to ${named}${more}: what this registry keeps until its garbage is collected`
      : `No tag of this repository will lead to ${named}${more}, which stays until the registry's garbage is collected; whether another repository needs it could not be told`,
  ];
};

const sample = (digests: ReadonlySet<Digest>, snapshot: RepositorySnapshot): string => {
  const names = [...digests].map((digest) => nameOf(snapshot, digest)).sort();
  return names.length > 1 ? `${names[0]} (and ${names.length - 1} more)` : (names[0] ?? '');
};
