import type { Digest } from '../../oci/digest.js';
import type { CollectionFault } from '../engine/fault.js';
import type { DeadBlob } from '../engine/dead-blobs.js';
import { findGarbage, type Garbage } from '../engine/garbage.js';
import { listOrFault, type OnFault } from '../engine/listing.js';
import { mark, type Marking } from '../engine/mark.js';
import type { CollectionTools } from '../engine/survey.js';
import { blobData, layerLink, repositoryFolder, revisionFolder, tagFolder } from '../../storage/layout.js';
import type { Storage } from '../../storage/storage.js';
import { departWithTag, whyNeeded, type Departing, type DeletionView } from './departing.js';
import { readRepository, withoutLinks, type RepositoryContent } from './repository-links.js';

export type StorageTarget =
  | { readonly kind: 'repository'; readonly repository: string }
  | { readonly kind: 'tag'; readonly repository: string; readonly tag: string }
  | { readonly kind: 'manifest'; readonly repository: string; readonly digest: Digest };

export interface StorageDeletionPlan {
  readonly target: StorageTarget;
  /** Files of the repository that go. */
  readonly files: readonly string[];
  /** Folders that go with them, the deepest first. */
  readonly folders: readonly string[];
  readonly garbage: Garbage;
  /** Blobs that nothing needs any more. */
  readonly blobs: readonly DeadBlob[];
  readonly staying: readonly string[];
  readonly faults: readonly CollectionFault[];
}

/** Nothing is deleted; the message says why. */
export class DeletionRefused extends Error {
  override readonly name = 'DeletionRefused';
}

const NOTHING: Departing = { tags: new Set(), manifests: new Set(), staying: [] };

/**
 * What deleting `target` from the files would take: TRAPS 11 (only the repository's own `_` folders), 12 (a tag that
 * is not there takes nothing), 14 (a dangling tag goes), 22 and 27 (blobs go only if the mark of every repository
 * proves them dead).
 */
export const planStorageDeletion = async (
  tools: CollectionTools,
  target: StorageTarget,
  graceMs: number,
): Promise<StorageDeletionPlan> => {
  const { storage, scanner, memory, now } = tools;
  const recall = () => memory.recall();
  const { repository } = target;
  const before = await mark(storage, scanner, recall, null);
  const number = before.names.indexOf(repository);
  if (number < 0) throw new DeletionRefused(`there is no repository ${repository}`);
  const content = await readRepository(storage, repository);
  const view = viewOf(before, content, !before.undecided.has(number));
  const departing = depart(view, target);

  const all = target.kind === 'repository';
  const files: string[] = [];
  const folders: string[] = [];
  for (const folder of all ? await ownFolders(storage, repository) : foldersOf(repository, departing)) {
    await listTree(storage, folder, files, folders);
  }
  const gone = {
    repository,
    all,
    revisions: departing.manifests,
    tagsLeft: [...content.tags].flatMap(([tag, at]) => (at === null || departing.tags.has(tag) ? [] : [at])),
    revisionsLeft: [...content.revisions].flatMap((link) => (departing.manifests.has(link[0]) ? [] : link)),
  };
  const after = await mark(storage, withoutLinks(scanner, gone), recall, null);
  const garbage = await findGarbage(storage, scanner, after, { nowMs: now(), graceMs });
  const roots = all
    ? [...content.revisions.values(), ...[...content.tags.values()].filter((at) => at !== null)]
    : [...departing.manifests];
  const reached = reachedFrom(before, roots);
  const blobs = [...garbage.blobs].filter(
    ({ index, linkedIn }) => reached.has(after.graph.digest(index)) || (all && linkedIn.includes(number)),
  );
  return { target, files, folders, garbage, blobs, staying: departing.staying, faults: garbage.faults };
};

/** Every path that goes, each once. */
export const pathsOf = ({ files, blobs, garbage }: StorageDeletionPlan, withBlobs: boolean): string[] => {
  const { graph, names } = garbage.marking;
  const ofBlobs = blobs.flatMap(({ index, linkedIn }) => {
    const digest = graph.digest(index);
    return [blobData(digest), ...linkedIn.map((repository) => layerLink(names[repository] ?? '', digest))];
  });
  return [...new Set([...files, ...(withBlobs ? ofBlobs : [])])];
};

const viewOf = ({ graph }: Marking, content: RepositoryContent, isDecided: boolean): DeletionView => {
  const referred = (digest: Digest, wanted: string): Digest[] => {
    const found: Digest[] = [];
    graph.references(graph.table.addDigest(digest), (target, role) => {
      if (role === wanted) found.push(graph.digest(target));
    });
    return found;
  };
  return {
    tags: content.tags,
    revisions: [...content.revisions.keys()],
    childrenOf: (digest) => referred(digest, 'child'),
    subjectOf: (digest) => referred(digest, 'subject')[0] ?? null,
    isDecided: isDecided && content.faults.length === 0,
  };
};

const depart = (view: DeletionView, target: StorageTarget): Departing => {
  if (target.kind === 'repository') return NOTHING;
  if (target.kind === 'tag') {
    if (!view.tags.has(target.tag))
      throw new DeletionRefused(`${target.repository} has no tag ${target.tag}`);
    return departWithTag(view, target.tag);
  }
  const { digest, repository } = target;
  if (!view.revisions.includes(digest)) throw new DeletionRefused(`${repository} has no manifest ${digest}`);
  const needed = whyNeeded(view, digest, new Set(), new Set());
  if (needed !== null) throw new DeletionRefused(`${digest} cannot go: ${needed}`);
  return departWithTag({ ...view, tags: new Map([...view.tags, ['', digest]]) }, '');
};

const foldersOf = (repository: string, { tags, manifests }: Departing): string[] => [
  ...[...manifests].map((digest) => revisionFolder(repository, digest)),
  ...[...tags].filter((tag) => tag !== '').map((tag) => tagFolder(repository, tag)),
];

/** The registry's own folders of this repository: a repository nested in it has others. */
const ownFolders = async (storage: Storage, repository: string): Promise<string[]> => {
  const { folders } = await listOrFault(storage, repositoryFolder(repository), refuse);
  const own = folders.filter((name) => name.startsWith('_'));
  return own.map((name) => `${repositoryFolder(repository)}/${name}`);
};

const refuse: OnFault = (path, problem) => {
  throw new DeletionRefused(`${path} ${problem}`);
};

const listTree = async (
  storage: Storage,
  folder: string,
  files: string[],
  folders: string[],
): Promise<void> => {
  const listing = await listOrFault(storage, folder, refuse);
  files.push(...listing.files.map((name) => `${folder}/${name}`));
  for (const name of listing.folders) await listTree(storage, `${folder}/${name}`, files, folders);
  folders.push(folder);
};

const reachedFrom = ({ graph }: Marking, roots: readonly Digest[]): ReadonlySet<Digest> => {
  const reached = new Set<Digest>();
  const open = [...roots];
  for (let digest = open.pop(); digest !== undefined; digest = open.pop()) {
    if (reached.has(digest)) continue;
    reached.add(digest);
    graph.references(graph.table.addDigest(digest), (target) => open.push(graph.digest(target)));
  }
  return reached;
};
