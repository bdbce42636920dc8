import type { Digest } from '../../oci/digest.js';
import type { RepositoryName, Tag } from '../../oci/names.js';

export const API = '/api/v2.0';

/** Whether Harbor could hold such a repository: all of its names are `project/repository`, the second with slashes. */
export const isInProject = (repository: RepositoryName): boolean => repository.includes('/');

/**
 * `/projects/{project}/repositories/{repository}/artifacts[/{reference}[/tags/{tag}]]` (FACTS §3). The repository's
 * slashes are encoded twice, `a/b` as `a%252Fb`: encoded once, a router would read them as slashes of the path. The
 * branded types hold nothing else that needs encoding, and no empty segment (TRAPS 13, 18).
 */
export const artifactsPath = (
  repository: RepositoryName,
  ...[reference, tag]: [] | [Tag | Digest] | [Digest, Tag]
): string => {
  const slash = repository.indexOf('/');
  const project = repository.slice(0, slash);
  const inProject = encodeURIComponent(encodeURIComponent(repository.slice(slash + 1)));
  return [
    `${API}/projects/${project}/repositories/${inProject}/artifacts`,
    ...(reference === undefined ? [] : [reference]),
    ...(tag === undefined ? [] : ['tags', tag]),
  ].join('/');
};
