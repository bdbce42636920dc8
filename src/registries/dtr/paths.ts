import { SextonError } from '../../errors/sexton-error.js';
import type { Digest } from '../../oci/digest.js';
import type { RepositoryName, Tag } from '../../oci/names.js';
import type { RegistryOptions } from '../registry-options.js';

const API = '/api/v0';

type Names = Pick<RegistryOptions, 'name' | 'namespaces'>;

/**
 * Whether the registry's routes have a place for such a name: they take exactly `namespace/name` (FACTS §2.4). With
 * `namespaces: optional` a name alone is sent as it is, for whatever product or proxy serves it; a DTR itself finds no
 * route for it and does nothing.
 */
export const hasPlace = (repository: RepositoryName, { namespaces }: Names): boolean => {
  const components = repository.split('/').length;
  return components === 2 || (components === 1 && namespaces === 'optional');
};

/** Throws `repository_name_unsupported` before anything is asked about a name without a place. */
export const assertHasPlace = (repository: RepositoryName, names: Names): void => {
  if (hasPlace(repository, names)) return;
  const wanted = names.namespaces === 'optional' ? 'name or namespace/name' : 'namespace/name';
  throw new SextonError('repository_name_unsupported', {
    detail: `Registry ${names.name} names its repositories ${wanted}, so it has no ${repository}`,
  });
};

export const REPOSITORIES = `${API}/repositories`;

export const tagsPath = (repository: RepositoryName): string => pathOf(...repository.split('/'), 'tags');

/** The domain says whose trust data counts: without it the registry does not look into its Notary (FACTS §2.3). */
export const tagPath = (repository: RepositoryName, tag: Tag, { url }: RegistryOptions): string => {
  const domain = new URLSearchParams({ domain: new URL(url).host });
  return `${pathOf(...repository.split('/'), 'tags', tag)}?${domain.toString()}`;
};

export const manifestPath = (repository: RepositoryName, digest: Digest): string =>
  pathOf(...repository.split('/'), 'manifests', digest);

const SEGMENT = /^[A-Za-z0-9_][A-Za-z0-9._:-]*$/;

/**
 * Below `/repositories`. Without its last segment, the deletion of a tag would be that of the whole repository, which
 * the registry answers with 204 (TRAPS 13). The branded types hold no such segment; this is the second lock.
 */
const pathOf = (...segments: readonly string[]): string => {
  if (!segments.every((segment) => SEGMENT.test(segment))) {
    throw new SextonError('internal_error', { detail: 'A path to the registry would have an empty segment' });
  }
  return [REPOSITORIES, ...segments].join('/');
};
