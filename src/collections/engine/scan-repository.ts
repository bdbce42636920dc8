import type { Digest } from '../../oci/digest.js';
import {
  ALGORITHMS,
  revisionLink,
  revisions,
  revisionSignatures,
  tagHistory,
  tagLink,
  tags,
} from '../storage/layout.js';
import type { Storage } from '../storage/storage.js';
import { DigestPacker, recognizeDigest, type PackedDigests } from './digest-key.js';
import type { CollectionFault } from './fault.js';
import { listOrFault, orFault, readLink, type OnFault } from './listing.js';

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
  readonly faults: readonly CollectionFault[];
}

const NOT_A_DIGEST = (text: string): string =>
  text === '' ? 'is empty' : `holds no digest: ${JSON.stringify(text.slice(0, 80))}`;

/** Reads the link at `path`: its digest, `null` where there is no link, a fault where it holds anything else. */
const followLink = async (storage: Storage, path: string, onFault: OnFault): Promise<Digest | null> => {
  const text = await orFault(() => readLink(storage, path), onFault);
  if (text === null) return null;
  const digest = recognizeDigest(text);
  if (digest === null) onFault(path, NOT_A_DIGEST(text));
  return digest ?? recognizeDigest(text.trim());
};

/** Digests that the folders below `prefix` are named for: `<alg>/<hex>`. */
async function* digestFolders(storage: Storage, prefix: string, onFault: OnFault): AsyncGenerator<Digest> {
  const top = await listOrFault(storage, prefix, onFault);
  for (const algorithm of top.folders) {
    const path = `${prefix}/${algorithm}`;
    const { folders, files } = await listOrFault(storage, path, onFault);
    for (const file of files) onFault(`${path}/${file}`, 'is a file where a folder belongs');
    for (const hex of folders) {
      const digest = recognizeDigest(`${algorithm}:${hex}`);
      if (digest === null)
        onFault(`${path}/${hex}`, `is not named for a digest of ${ALGORITHMS.join(' or ')}`);
      else yield digest;
    }
  }
}

const scanRevisions = async (
  storage: Storage,
  repository: string,
  withTimes: boolean,
  onFault: OnFault,
): Promise<Pick<RepositoryScan, 'revisions' | 'revisionTimesMs' | 'emptyRevisions'>> => {
  const linked = new DigestPacker();
  const empty = new DigestPacker();
  const timesMs: number[] = [];
  for await (const digest of digestFolders(storage, revisions(repository), onFault)) {
    const path = revisionLink(repository, digest);
    let isFaulty = false;
    const target = await followLink(storage, path, (at, problem) => {
      isFaulty = true;
      onFault(at, problem);
    });
    if (target === null && !isFaulty) {
      empty.push(digest);
      continue;
    }
    const facts = withTimes ? await orFault(() => storage.stat(path), onFault) : null;
    // The registry goes by what the link holds; the folder's name counts as well, so that a damaged link loses nothing.
    for (const root of new Set([digest, target ?? digest])) {
      linked.push(root);
      if (withTimes) timesMs.push(facts?.modifiedMs ?? Infinity);
    }
  }
  return {
    revisions: linked.packed(),
    revisionTimesMs: Float64Array.from(timesMs),
    emptyRevisions: empty.packed(),
  };
};

const scanTags = async (
  storage: Storage,
  repository: string,
  onFault: OnFault,
): Promise<Pick<RepositoryScan, 'tagged' | 'tagCount'>> => {
  const tagged = new DigestPacker();
  const { folders } = await listOrFault(storage, tags(repository), onFault);
  for (const tag of folders) {
    let isFaulty = false;
    const target = await followLink(storage, tagLink(repository, tag), (at, problem) => {
      isFaulty = true;
      onFault(at, problem);
    });
    if (target !== null) tagged.push(target);
    if (!isFaulty) continue;
    // It pointed at one of those that it ever pointed at (the registry writes the history first: v2:tagstore.go).
    for await (const digest of digestFolders(storage, tagHistory(repository, tag), onFault))
      tagged.push(digest);
  }
  return { tagged: tagged.packed(), tagCount: folders.length };
};

/** Reads every link of a repository that can keep a manifest. Whatever is wrong with one leaves the repository undecided. */
export const scanRepository = async (
  storage: Storage,
  repository: string,
  withTimes: boolean,
): Promise<RepositoryScan> => {
  const faults: CollectionFault[] = [];
  const onFault: OnFault = (path, problem) => {
    faults.push({ path, problem, repository, undecided: 'repository' });
  };
  const linked = await scanRevisions(storage, repository, withTimes, onFault);
  const tagged = await scanTags(storage, repository, onFault);
  return { repository, ...linked, ...tagged, faults };
};

/** Blobs that hold the signatures of a schema1 manifest, as registry 2.3 and older kept them apart. */
export const scanSignatures = async (
  storage: Storage,
  repository: string,
  digest: Digest,
  onFault: OnFault,
): Promise<readonly Digest[]> => {
  const found: Digest[] = [];
  for await (const at of digestFolders(storage, revisionSignatures(repository, digest), onFault))
    found.push(at);
  return found;
};
