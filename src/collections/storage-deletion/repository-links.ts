import type { Digest } from '../../oci/digest.js';
import { packDigests, recognizeDigest, type PackedDigests } from '../engine/digest-key.js';
import type { CollectionFault } from '../engine/fault.js';
import { listOrFault, readLinks, type OnFault } from '../engine/listing.js';
import type { RepositoryScan } from '../engine/scan-repository.js';
import type { Scanner } from '../engine/scanner.js';
import { revisionLink, revisions, tagLink, tags } from '../../storage/layout.js';
import type { Storage } from '../../storage/storage.js';

/** One repository's tags and manifests by name, which a collection does not need. */
export interface RepositoryContent {
  /** What each tag points at; null where its link is absent or cannot be read. */
  readonly tags: ReadonlyMap<string, Digest | null>;
  /** Manifests that are linked, and what their links hold: the same digest, unless the link is an alias. */
  readonly revisions: ReadonlyMap<Digest, Digest>;
  readonly faults: readonly CollectionFault[];
}

export const readRepository = async (storage: Storage, repository: string): Promise<RepositoryContent> => {
  const faults: CollectionFault[] = [];
  const onFault: OnFault = (path, problem) => {
    faults.push({ path, problem, repository, undecided: 'repository' });
  };
  const names = (await listOrFault(storage, tags(repository), onFault)).folders;
  const texts = await readLinks(
    storage,
    names.map((tag) => tagLink(repository, tag)),
    onFault,
  );
  const found = new Map<Digest, Digest>();
  for (const algorithm of (await listOrFault(storage, revisions(repository), onFault)).folders) {
    const { folders } = await listOrFault(storage, `${revisions(repository)}/${algorithm}`, onFault);
    const named = folders
      .map((hex) => recognizeDigest(`${algorithm}:${hex}`))
      .filter((each) => each !== null);
    const unreadable = new Set<number>();
    const links = await readLinks(
      storage,
      named.map((digest) => revisionLink(repository, digest)),
      (path, problem, i) => {
        unreadable.add(i);
        onFault(path, problem);
      },
    );
    for (const [i, digest] of named.entries()) {
      const link = links[i] ?? null;
      // Without a link, the manifest was deleted before.
      if (link !== null || unreadable.has(i)) found.set(digest, recognizeDigest(link ?? '') ?? digest);
    }
  }
  const tagged = names.map((tag, i) => [tag, recognizeDigest(texts[i] ?? '')] as const);
  return { tags: new Map(tagged), revisions: found, faults };
};

/** What is to be taken for gone: these links of one repository, or all of it. */
export interface GoneLinks {
  readonly repository: string;
  readonly all: boolean;
  readonly revisions: ReadonlySet<Digest>;
  /** What the tags that stay point at. */
  readonly tagsLeft: readonly Digest[];
  /** The manifests that stay. */
  readonly revisionsLeft: readonly Digest[];
}

const NONE: PackedDigests = packDigests([]);

/** A scanner to which the links are gone already: what it leads to is what would be left. */
export const withoutLinks = (scanner: Scanner, gone: GoneLinks): Scanner => {
  const hide = (scan: RepositoryScan): RepositoryScan => {
    if (scan.repository !== gone.repository) return scan;
    // Nothing in a repository that goes as a whole decides what lives, its faults included.
    if (gone.all) {
      const faults = scan.faults.filter(({ undecided }) => undecided === 'everything');
      return { ...scan, revisions: NONE, tagged: NONE, revisionTimesMs: new Float64Array(), faults };
    }
    return { ...scan, revisions: packDigests(gone.revisionsLeft), tagged: packDigests(gone.tagsLeft) };
  };
  return {
    blobs: (shards) => scanner.blobs(shards),
    async *repositories(names, options) {
      for await (const scan of scanner.repositories(names, options)) yield hide(scan);
    },
    manifests: (digests) => scanner.manifests(digests),
    times: (request) => scanner.times(request),
    close: () => scanner.close(),
  };
};
