import type { Digest } from '../../oci/digest.js';
import {
  ALGORITHMS,
  revisionLink,
  revisions,
  revisionSignatures,
  tagHistory,
  tagLink,
  tags,
} from '../../storage/layout.js';
import type { Storage } from '../../storage/storage.js';
import {
  digestsNamed,
  packDigests,
  recognizeDigest,
  recognizeDigests,
  type PackedDigests,
} from './digest-key.js';
import type { CollectionFault } from './fault.js';
import { listOrFault, orFault, readLinks, type OnFault } from './listing.js';
import { scanLayers } from './scan-layers.js';
import type { RepositoryScanOptions } from './scanner.js';

/** What one repository's links name. */
export interface RepositoryScan {
  readonly repository: string;
  /** Manifests that the repository has. */
  readonly revisions: PackedDigests;
  /** When each of `revisions` was linked; empty unless asked for. */
  readonly revisionTimesMs: Float64Array;
  /** Manifests that were deleted through the API: the folder is left, its link is gone. */
  readonly emptyRevisions: PackedDigests;
  /** What the tags point at, whether the manifest is still linked or not. */
  readonly tagged: PackedDigests;
  readonly tagCount: number;
  /** The configs and layers that it may serve. */
  readonly layers: PackedDigests;
  readonly faults: readonly CollectionFault[];
}

const notADigest = (text: string): string =>
  text === '' ? 'is empty' : `holds no digest: ${JSON.stringify(text.slice(0, 80))}`;

/** What a link was found to name. A faulty one names what it still can: its text without spaces at the ends. */
type Link =
  | { readonly state: 'names'; readonly digest: Digest }
  | { readonly state: 'absent' }
  | { readonly state: 'faulty'; readonly digest: Digest | null };

const ABSENT: Link = { state: 'absent' };

/** `expected` is what each link most likely names, and need not be recognized again. */
const followLinks = async (
  storage: Storage,
  paths: readonly string[],
  onFault: OnFault,
  expected: readonly Digest[] = [],
): Promise<readonly Link[]> => {
  const unreadable = new Set<number>();
  const texts = await readLinks(storage, paths, (path, problem, i) => {
    unreadable.add(i);
    onFault(path, problem);
  });
  const isExpected = expected.length > 0 && texts.every((text, i) => text === null || text === expected[i]);
  const digests = isExpected ? expected : recognizeDigests(texts.map((text) => text ?? ''));
  return texts.map((text, i) => {
    if (text === null) return unreadable.has(i) ? { state: 'faulty', digest: null } : ABSENT;
    const digest = digests[i] ?? null;
    if (digest !== null) return { state: 'names', digest };
    onFault(paths[i] ?? '', notADigest(text));
    return { state: 'faulty', digest: recognizeDigest(text.trim()) };
  });
};

/** Digests that the folders below `prefix` are named for: `<alg>/<hex>`. */
export const digestFolders = async (
  storage: Storage,
  prefix: string,
  onFault: OnFault,
): Promise<Digest[]> => {
  const found: Digest[] = [];
  for (const algorithm of (await listOrFault(storage, prefix, onFault)).folders) {
    const path = `${prefix}/${algorithm}`;
    const { folders, files } = await listOrFault(storage, path, onFault);
    for (const file of files) onFault(`${path}/${file}`, 'is a file where a folder belongs');
    const all = digestsNamed(algorithm, folders);
    if (all !== null) {
      found.push(...all);
      continue;
    }
    for (const hex of folders) {
      const digest = recognizeDigest(`${algorithm}:${hex}`);
      if (digest === null)
        onFault(`${path}/${hex}`, `is not named for a digest of ${ALGORITHMS.join(' or ')}`);
      else found.push(digest);
    }
  }
  return found;
};

type Revisions = Pick<RepositoryScan, 'revisions' | 'revisionTimesMs' | 'emptyRevisions'>;

const scanRevisions = async (
  storage: Storage,
  repository: string,
  withTimes: boolean,
  onFault: OnFault,
): Promise<Revisions> => {
  const linked: Digest[] = [];
  const empty: Digest[] = [];
  const timesMs: number[] = [];
  const named = await digestFolders(storage, revisions(repository), onFault);
  const paths = named.map((digest) => revisionLink(repository, digest));
  const links = await followLinks(storage, paths, onFault, named);
  for (const [i, digest] of named.entries()) {
    const link = links[i] ?? ABSENT;
    if (link.state === 'absent') {
      empty.push(digest);
      continue;
    }
    const facts = withTimes ? await orFault(() => storage.stat(paths[i] ?? ''), onFault) : null;
    // The registry goes by what the link holds; the folder's name counts as well, so that a damaged link loses nothing.
    const roots = link.digest === null || link.digest === digest ? [digest] : [digest, link.digest];
    for (const root of roots) {
      linked.push(root);
      if (withTimes) timesMs.push(facts?.modifiedMs ?? Infinity);
    }
  }
  const revisionTimesMs = Float64Array.from(timesMs);
  return { revisions: packDigests(linked), revisionTimesMs, emptyRevisions: packDigests(empty) };
};

const scanTags = async (
  storage: Storage,
  repository: string,
  onFault: OnFault,
): Promise<Pick<RepositoryScan, 'tagged' | 'tagCount'>> => {
  const tagged: Digest[] = [];
  const { folders } = await listOrFault(storage, tags(repository), onFault);
  const links = await followLinks(
    storage,
    folders.map((tag) => tagLink(repository, tag)),
    onFault,
  );
  for (const [i, tag] of folders.entries()) {
    const link = links[i] ?? ABSENT;
    if (link.state !== 'absent' && link.digest !== null) tagged.push(link.digest);
    if (link.state !== 'faulty') continue;
    // It pointed at one of those that it ever pointed at (the registry writes the history first: v2:tagstore.go).
    tagged.push(...(await digestFolders(storage, tagHistory(repository, tag), onFault)));
  }
  return { tagged: packDigests(tagged), tagCount: folders.length };
};

/**
 * Reads every link of a repository that can keep a manifest, and lists those of its layers. Whatever is wrong with one
 * leaves the repository undecided.
 */
export const scanRepository = async (
  storage: Storage,
  repository: string,
  { withTimes }: RepositoryScanOptions,
): Promise<RepositoryScan> => {
  const faults: CollectionFault[] = [];
  const onFault: OnFault = (path, problem) => {
    faults.push({ path, problem, repository, undecided: 'repository' });
  };
  const linked = await scanRevisions(storage, repository, withTimes, onFault);
  const tagged = await scanTags(storage, repository, onFault);
  const layers = await scanLayers(storage, repository, faults);
  return { repository, ...linked, ...tagged, layers, faults };
};

/** Blobs that hold the signatures of a schema1 manifest, as registry 2.3 and older kept them apart. */
export const scanSignatures = async (
  storage: Storage,
  repository: string,
  digest: Digest,
  onFault: OnFault,
): Promise<readonly Digest[]> => digestFolders(storage, revisionSignatures(repository, digest), onFault);
