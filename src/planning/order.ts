import type { Digest } from '../oci/digest.js';
import type { Going } from './blast.js';
import { helperTag, stemOf } from './helper-tags.js';
import { mayHold, parentsOf } from './holders.js';
import { subjectOf, tagsOn, type RepositorySnapshot } from './snapshot.js';

/**
 * The order in which manifests go: an index before its children, a subject before its referrers, so that a crash in
 * between leaves no living index with a hole and no image without its signature. The same for the same input.
 */
export const inDeletionOrder = (
  going: ReadonlyMap<Digest, Going>,
  snapshot: RepositorySnapshot,
): readonly Digest[] => {
  const holders = new Map([...going].map(([digest, why]) => [digest, mustGoBefore(digest, why, snapshot)]));
  const subjects = subjectsAmong(going, snapshot);
  const ordered: Digest[] = [];
  const left = new Set([...going.keys()].sort());
  const isFree = (digest: Digest, before: ReadonlyMap<Digest, readonly Digest[]>): boolean =>
    (before.get(digest) ?? []).every((other) => other === digest || !left.has(other));
  while (left.size > 0) {
    const unheld = [...left].filter((digest) => isFree(digest, holders));
    const ready = unheld.filter((digest) => isFree(digest, subjects));
    // Holders never wait in a circle (spread joins them first). A requested referrer that holds its own subject can:
    // then it goes before its subject, since the hole in an index is worse than the missing signature.
    for (const digest of ready.length > 0 ? ready : unheld.length > 0 ? unheld.slice(0, 1) : left) {
      ordered.push(digest);
      left.delete(digest);
    }
  }
  return ordered;
};

/** Without these gone, the recheck before execution would refuse the digest. */
const mustGoBefore = (digest: Digest, { cause }: Going, snapshot: RepositorySnapshot): Digest[] => [
  ...parentsOf(snapshot, digest),
  ...mayHold(snapshot, digest),
  ...(cause === null ? [] : [cause]),
];

/** What each of those that go speaks about, among those that go. */
const subjectsAmong = (
  going: ReadonlyMap<Digest, Going>,
  snapshot: RepositorySnapshot,
): ReadonlyMap<Digest, readonly Digest[]> => {
  const byStem = new Map([...going.keys()].map((digest) => [stemOf(digest), digest]));
  return new Map(
    [...going.keys()].map((digest) => {
      const subject = subjectOf(snapshot, digest);
      const helped = tagsOn(snapshot, digest).flatMap((tag) => byStem.get(helperTag(tag)?.stem ?? '') ?? []);
      return [digest, subject === null ? helped : [subject, ...helped]];
    }),
  );
};
