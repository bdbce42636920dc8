import type { Digest } from '../../../oci/digest.js';
import { recognizeImageId } from '../digest-key.js';
import { listOrFault, type OnFault } from '../listing.js';
import { readMany, StorageFaultError, type Storage } from '../../../storage/storage.js';
import { repositoryName, TAG_PREFIX, V1_REPOSITORIES } from './layout.js';

export interface V1Tag {
  readonly repository: string;
  readonly tag: string;
  readonly image: Digest;
}

export interface V1Tags {
  readonly repositories: readonly string[];
  readonly tags: readonly V1Tag[];
}

/** Longer than any id; what a tag's JSON file holds may be longer still, and is none. */
const TAG_MAX_BYTES = 64 * 1024;

/**
 * Every tag of every repository, at whatever depth. Whatever could be a tag and cannot be read is told to `onFault`: it
 * could name any image.
 */
export const readV1Tags = async (storage: Storage, onFault: OnFault): Promise<V1Tags> => {
  const repositories: string[] = [];
  const tags: V1Tag[] = [];
  const open = [V1_REPOSITORIES];
  for (let folder = open.pop(); folder !== undefined; folder = open.pop()) {
    const { folders, files } = await listOrFault(storage, folder, onFault);
    for (const name of folders) open.push(`${folder}/${name}`);
    if (files.length === 0) continue;
    const repository = repositoryName(folder.slice(V1_REPOSITORIES.length + 1));
    repositories.push(repository);
    const candidates = files.filter((name) => name.startsWith(TAG_PREFIX)).sort();
    const paths = candidates.map((name) => `${folder}/${name}`);
    const texts = await readTexts(storage, paths, onFault);
    for (const [i, name] of candidates.entries()) {
      const text = texts[i] ?? null;
      if (text === null) continue;
      const image = recognizeImageId(text.trim());
      const path = paths[i] ?? folder;
      if (image !== null) tags.push({ repository, tag: name.slice(TAG_PREFIX.length), image });
      else if (!isDescription(name, text, files)) onFault(path, 'holds no image id');
    }
  }
  return { repositories: repositories.sort(), tags };
};

/** `tag_x_json` is what was written beside `tag__x`, the file of the tag `_x`. */
const isDescription = (name: string, text: string, files: readonly string[]): boolean => {
  const [, tag] = /^tag(_.*)_json$/.exec(name) ?? [];
  return tag !== undefined && files.includes(`${TAG_PREFIX}${tag}`) && text.trimStart().startsWith('{');
};

const readTexts = async (
  storage: Storage,
  paths: readonly string[],
  onFault: OnFault,
): Promise<readonly (string | null)[]> => {
  const readings = await readMany(storage, paths, TAG_MAX_BYTES);
  return readings.map((bytes) => {
    if (!(bytes instanceof StorageFaultError)) return bytes && Buffer.from(bytes).toString('latin1');
    onFault(bytes.path, bytes.problem);
    return null;
  });
};
