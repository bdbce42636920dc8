import type { Digest } from '../../../oci/digest.js';
import { imageIdIn } from '../digest-key.js';

/**
 * Where the old Python registry keeps what, below its `storage_path` (docker-registry 0.9
 * depends/docker-registry-core/docker_registry/core/driver.py; FACTS §4):
 *
 *   repositories/<namespace>/<name, quoted>/
 *   ├── tag_<tag>              the id of the tag's image
 *   ├── tag<tag>_json          what pushed it; of a tag that begins with `_` it looks like another tag's file
 *   ├── _index_images          ids that some push named: no reference, it keeps what no tag leads to
 *   └── json, _images_list, _private
 *   images/<id>/
 *   ├── ancestry               the image's own id and those of all that it is built on; it never changes
 *   ├── json, layer, _checksum, _files, _diff
 *   └── _inprogress            an upload that has not ended
 */
export const V1_REPOSITORIES = 'repositories';
export const V1_IMAGES = 'images';

export const TAG_PREFIX = 'tag_';
export const IN_PROGRESS = '_inprogress';

export const imageFolder = (image: Digest): string => `${V1_IMAGES}/${imageIdIn(image) ?? ''}`;
export const imageFile = (image: Digest, name: string): string => `${imageFolder(image)}/${name}`;

/** The name that clients call it by: on disk all after the first slash is one folder (toolkit.parse_repository_name). */
export const repositoryName = (folder: string): string => {
  try {
    return decodeURIComponent(folder.replaceAll('+', ' '));
  } catch {
    return folder;
  }
};
