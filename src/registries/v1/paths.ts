import { v1ImageIdOf, type Digest } from '../../oci/digest.js';
import { parseRepositoryName, type RepositoryName, type Tag } from '../../oci/names.js';

/** A name without a namespace is one in `library` (FACTS §4, toolkit.parse_repository_name). */
export const canonicalName = (repository: RepositoryName): RepositoryName =>
  repository.includes('/') ? repository : parseRepositoryName(`library/${repository}`);

/**
 * The paths of the old Python registry's API. The branded types cannot hold `..`, `%`, `?` or an empty component: a
 * path without its last component would delete the whole repository (TRAPS 13).
 */
export const tagsPath = (repository: RepositoryName): string =>
  `/v1/repositories/${canonicalName(repository)}/tags`;

export const tagPath = (repository: RepositoryName, tag: Tag): string => `${tagsPath(repository)}/${tag}`;

export const imagePath = (image: Digest, part: 'ancestry' | 'json' | 'layer'): string =>
  `/v1/images/${v1ImageIdOf(image) ?? ''}/${part}`;
