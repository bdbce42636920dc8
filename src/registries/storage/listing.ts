import { setImmediate as nextTurn } from 'node:timers/promises';
import { digestOrNull, type Digest } from '../../oci/digest.js';
import { repositoryNameSchema, tagSchema, type RepositoryName, type Tag } from '../../oci/names.js';
import {
  ALGORITHMS,
  layers,
  manifests,
  repositoryFolder,
  revisionLink,
  revisions,
  tagLink,
  tags,
} from '../../storage/layout.js';
import { StorageFaultError, type Storage } from '../../storage/storage.js';
import { hasLink } from './links.js';

/** Folders to look at before others get a turn. */
const FOLDERS_A_TURN = 50;

const folderName = (path: string): string => path.slice(path.lastIndexOf('/') + 1);

/** The folders below `prefix`. What is no folder and no file may be a link to one, which is never followed. */
const foldersIn = async (storage: Storage, prefix: string): Promise<readonly string[]> => {
  const listing = await storage.list(prefix);
  const [odd] = listing?.odd ?? [];
  if (odd !== undefined) {
    throw new StorageFaultError(
      `${prefix}/${odd}`,
      'is neither a file nor a folder (a link is never followed)',
    );
  }
  return listing?.folders ?? [];
};

/** What only the folder of a repository has; one that merely leads to nested repositories has neither. */
const OWN_FOLDERS: ReadonlySet<string> = new Set([layers(''), manifests('')].map(folderName));
const isRepository = (folders: readonly string[]): boolean =>
  folders.some((folder) => OWN_FOLDERS.has(folder));

export const hasRepository = async (storage: Storage, repository: RepositoryName): Promise<boolean> =>
  isRepository((await storage.list(repositoryFolder(repository)))?.folders ?? []);

/** Every repository, however deep it is nested, in name order; a link to a folder is not looked into. */
export const listRepositories = async (
  storage: Storage,
  page: { readonly after: RepositoryName | null; readonly limit: number },
  signal: AbortSignal,
): Promise<{ items: readonly RepositoryName[]; hasMore: boolean }> => {
  const found: RepositoryName[] = [];
  const open = [''];
  let looked = 0;
  for (let name = open.pop(); name !== undefined; name = open.pop()) {
    if (++looked % FOLDERS_A_TURN === 0) await nextTurn(undefined, { signal });
    const folders = (await storage.list(repositoryFolder(name)))?.folders ?? [];
    const parsed = repositoryNameSchema.safeParse(name);
    if (parsed.success && isRepository(folders)) found.push(parsed.data);
    for (const folder of folders) {
      if (!folder.startsWith('_')) open.push(name === '' ? folder : `${name}/${folder}`);
    }
  }
  const { after, limit } = page;
  const rest = found.sort().filter((name) => after === null || name > after);
  return { items: rest.slice(0, limit), hasMore: rest.length > limit };
};

/** As the registry lists them: each folder is a tag, also one that leads nowhere. */
export const listTags = async (storage: Storage, repository: RepositoryName): Promise<readonly Tag[]> => {
  const prefix = tags(repository);
  return (await foldersIn(storage, prefix)).map((name) => {
    const tag = tagSchema.safeParse(name);
    if (tag.success) return tag.data;
    throw new StorageFaultError(`${prefix}/${name}`, 'is not named as a tag can be');
  });
};

/** The registry writes a tag's link anew with every push of the tag. */
export const pushTimes = async (
  storage: Storage,
  repository: RepositoryName,
): Promise<ReadonlyMap<Tag, Date>> => {
  const times = new Map<Tag, Date>();
  for (const tag of await listTags(storage, repository)) {
    const facts = await storage.stat(tagLink(repository, tag));
    if (facts !== null) times.set(tag, new Date(facts.modifiedMs));
  }
  return times;
};

/** Manifests that the repository links; a folder without a link is one that was deleted. */
export const listRevisions = async (
  storage: Storage,
  repository: RepositoryName,
): Promise<readonly Digest[]> => {
  const found: Digest[] = [];
  for (const algorithm of ALGORITHMS) {
    const prefix = `${revisions(repository)}/${algorithm}`;
    for (const hex of await foldersIn(storage, prefix)) {
      const digest = digestOrNull(`${algorithm}:${hex}`);
      if (digest === null) throw new StorageFaultError(`${prefix}/${hex}`, 'is not named for a digest');
      if (await hasLink(storage, revisionLink(repository, digest), digest)) found.push(digest);
    }
  }
  return found;
};
