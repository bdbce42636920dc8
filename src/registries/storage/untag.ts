import { parseDigest, digestOrNull, type Digest } from '../../oci/digest.js';
import { parseTag, tagSchema, type RepositoryName, type Tag } from '../../oci/names.js';
import { tagFolder, tagLink, untagging, untaggingFolder } from '../../storage/layout.js';
import { StorageFaultError, type Storage } from '../../storage/storage.js';
import { readLink } from './links.js';

/**
 * Removes one tag's folder, and nothing else. The folder goes out of the registry's sight in one step and is looked at
 * once more there: a push that moved the tag at the last moment is in it, and then it comes back. Killed in between, the
 * folder says by its name what was to become of it, and `settle` finishes that.
 */
export const untag = async (
  storage: Storage,
  repository: RepositoryName,
  tag: Tag,
  expected: Digest,
): Promise<'untagged' | 'absent' | 'moved'> => {
  const before = await readLink(storage, tagLink(repository, tag));
  if (before === null) return 'absent';
  if (before !== expected) return 'moved';
  // Looked through before it is touched: what cannot be deleted whole is not taken away in part.
  await treeOf(storage, tagFolder(repository, tag));
  const aside = untaggingFolder(repository, tag, expected);
  switch (await storage.moveFolder({ from: tagFolder(repository, tag), to: aside })) {
    case 'absent':
      return 'absent';
    case 'exists':
      throw new StorageFaultError(aside, 'is in the way');
    case 'moved':
      return finish(storage, repository, tag, expected);
  }
};

/** Ends what a process that died had begun. Only whoever holds the repository may ask for it. */
export const settle = async (storage: Storage, repository: RepositoryName): Promise<void> => {
  const waiting = (await storage.list(untagging(repository)))?.folders ?? [];
  for (const name of waiting) {
    const [, tag, algorithm, hex] = /^@([^@]+)@([a-z0-9]+)-([a-f0-9]+)$/.exec(name) ?? [];
    const digest = `${algorithm}:${hex}`;
    if (!tagSchema.safeParse(tag).success || digestOrNull(digest) === null) continue;
    await finish(storage, repository, parseTag(tag ?? ''), parseDigest(digest));
  }
};

const finish = async (
  storage: Storage,
  repository: RepositoryName,
  tag: Tag,
  expected: Digest,
): Promise<'untagged' | 'moved'> => {
  const aside = untaggingFolder(repository, tag, expected);
  const folder = tagFolder(repository, tag);
  if (!(await stillNames(storage, `${aside}${tagLink(repository, tag).slice(folder.length)}`, expected))) {
    const back = await storage.moveFolder({ from: aside, to: folder });
    // A later push made the tag anew: that one counts, and the one between is superseded.
    if (back !== 'exists') return 'moved';
    await deleteTree(storage, aside);
    return 'moved';
  }
  await deleteTree(storage, aside);
  return 'untagged';
};

/** Also true where the link is gone: deleting was under way already. */
const stillNames = async (storage: Storage, path: string, expected: Digest): Promise<boolean> => {
  try {
    const now = await readLink(storage, path);
    return now === null || now === expected;
  } catch (error) {
    // Empty, or half a digest: somebody is writing it.
    if (error instanceof StorageFaultError) return false;
    throw error;
  }
};

const treeOf = async (
  storage: Storage,
  folder: string,
): Promise<{ readonly files: readonly string[]; readonly folders: readonly string[] }> => {
  const listing = await storage.list(folder);
  const [odd] = listing?.odd ?? [];
  if (odd !== undefined) {
    throw new StorageFaultError(
      `${folder}/${odd}`,
      'is neither a file nor a folder (a link is never followed)',
    );
  }
  const files = (listing?.files ?? []).map((name) => `${folder}/${name}`);
  const folders: string[] = [];
  for (const name of listing?.folders ?? []) {
    const below = await treeOf(storage, `${folder}/${name}`);
    files.push(...below.files);
    folders.push(...below.folders);
  }
  return { files, folders: [...folders, folder] };
};

const deleteTree = async (storage: Storage, folder: string): Promise<void> => {
  const { files, folders } = await treeOf(storage, folder);
  await storage.deleteMany(files);
  await storage.removeEmptyFolders(folders);
};
