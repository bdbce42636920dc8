import { revisionLink } from '../../storage/layout.js';
import { StorageFaultError, type Facts, type Storage } from '../../storage/storage.js';
import { blobTimes } from './blob-times.js';
import type { DeadBlob } from './dead-blobs.js';
import type { IsHeld, Marking, UntaggedRevision } from './mark.js';
import { linkedBeforeMs, type CollectionTools, type CollectRules } from './survey.js';

/** The repositories' links to these manifests as they are now, in the order asked. */
const linksNow = async (
  storage: Storage,
  { graph, names }: Marking,
  revisions: readonly UntaggedRevision[],
): Promise<readonly Facts[]> => {
  const paths = revisions.map(({ repository, digest }) =>
    revisionLink(names[repository] ?? '', graph.digest(digest)),
  );
  const found: Facts[] = [];
  await storage.statEach(paths, (facts, i) => {
    found[i] = facts;
  });
  return found;
};

/**
 * Of untagged manifests those that may still go, just before they do: a push of a manifest that exists writes its link
 * anew (v2:manifeststore.go), and somebody may have come to hold it.
 */
export const stillUntagged = async (
  { storage, now }: CollectionTools,
  rules: CollectRules,
  marking: Marking,
  revisions: readonly UntaggedRevision[],
): Promise<readonly UntaggedRevision[]> => {
  const isHeld: IsHeld = (await rules.heldNow?.()) ?? (() => false);
  const latestMs = linkedBeforeMs(rules, now());
  const links = await linksNow(storage, marking, revisions);
  return revisions.filter(({ repository, digest }, i) => {
    const link = links[i] ?? null;
    if (link === null || link instanceof StorageFaultError) return false;
    return (
      link.modifiedMs < latestMs && !isHeld(marking.names[repository] ?? '', marking.graph.digest(digest))
    );
  });
};

/**
 * Of dead blobs those that may still go, just before they do: since the mark an upload may have renewed the blob or its
 * link, a push may have made it a manifest of a repository that had lost it, and it may have gone.
 */
export const stillDead = async (
  { storage, scanner, now, turn }: CollectionTools,
  { graceMs }: CollectRules,
  marking: Marking,
  blobs: readonly DeadBlob[],
  untaggedIn: (index: number) => readonly number[],
): Promise<readonly DeadBlob[]> => {
  const linkedIn = (i: number): readonly number[] => blobs[i]?.linkedIn ?? [];
  const { sizesBytes, modifiedMs } = await blobTimes(
    scanner,
    marking,
    blobs.map(({ index }) => index),
    linkedIn,
    turn,
  );
  const latestMs = now() - graceMs;
  const old = blobs.filter(
    (_, i) => !Number.isNaN(sizesBytes[i] ?? NaN) && (modifiedMs[i] ?? NaN) <= latestMs,
  );
  const lost = old.flatMap(({ index, revisedIn }) =>
    [...revisedIn, ...untaggedIn(index)].map((repository) => ({ repository, digest: index })),
  );
  const links = await linksNow(storage, marking, lost);
  const isManifest = new Set(lost.filter((_, i) => links[i] !== null).map(({ digest }) => digest));
  return old.filter(({ index }) => !isManifest.has(index));
};
