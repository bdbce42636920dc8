import type { Digest } from '../../oci/digest.js';

/** A repository as far as a deletion needs it; plain data, so that the rules below can be read and tested alone. */
export interface DeletionView {
  readonly tags: ReadonlyMap<string, Digest | null>;
  readonly revisions: readonly Digest[];
  readonly childrenOf: (digest: Digest) => readonly Digest[];
  readonly subjectOf: (digest: Digest) => Digest | null;
  /** All of the repository could be read; otherwise what could be needed stays. */
  readonly isDecided: boolean;
}

export interface Departing {
  readonly tags: ReadonlySet<string>;
  readonly manifests: ReadonlySet<Digest>;
  /** What stays although it was named, with the reason. */
  readonly staying: readonly string[];
}

/** The referrers tag schema of the OCI distribution spec, and cosign's tags on the same stem (FACTS §1.8). */
const referrerTags = (digest: Digest): string[] => {
  const stem = digest.replace(':', '-');
  return [stem, `${stem}.sig`, `${stem}.att`, `${stem}.sbom`];
};

/**
 * What goes with a tag: the tag, its manifest unless another tag or an index needs it, then the manifest's children
 * that nothing else needs and its referrers. In that order, until nothing more goes.
 */
export const departWithTag = (view: DeletionView, tag: string): Departing => {
  const tags = new Set([tag]);
  const manifests = new Set<Digest>();
  const staying: string[] = [];
  const target = view.tags.get(tag) ?? null;
  const open: Digest[] = target === null ? [] : [target];
  for (let digest = open.pop(); digest !== undefined; digest = open.pop()) {
    if (manifests.has(digest)) continue;
    const needed = whyNeeded(view, digest, tags, manifests);
    if (needed !== null) {
      staying.push(`${digest} stays: ${needed}`);
      continue;
    }
    manifests.add(digest);
    open.push(...view.childrenOf(digest));
    open.push(...referrersOf(view, digest));
    for (const referrerTag of referrerTags(digest)) {
      if (!view.tags.has(referrerTag)) continue;
      tags.add(referrerTag);
      const at = view.tags.get(referrerTag);
      if (at) open.push(at);
    }
  }
  return { tags, manifests, staying };
};

const referrersOf = (view: DeletionView, digest: Digest): readonly Digest[] =>
  view.revisions.filter((revision) => view.subjectOf(revision) === digest);

/** Why a manifest must stay once `tags` and `manifests` are gone; null if nothing needs it. */
export const whyNeeded = (
  view: DeletionView,
  digest: Digest,
  tags: ReadonlySet<string>,
  manifests: ReadonlySet<Digest>,
): string | null => {
  if (!view.isDecided) return 'not all of the repository can be read';
  for (const [tag, at] of view.tags) if (at === digest && !tags.has(tag)) return `tag ${tag} points at it`;
  const parent = view.revisions.find(
    (revision) => !manifests.has(revision) && view.childrenOf(revision).includes(digest),
  );
  return parent === undefined ? null : `index ${parent} contains it`;
};
