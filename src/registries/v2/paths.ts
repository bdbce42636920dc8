import type { Digest } from '../../oci/digest.js';
import type { RepositoryName, Tag } from '../../oci/names.js';

/** OCI distribution spec, "Endpoints". The branded types cannot hold `..`, `%`, `?` or an empty component (TRAPS 13). */
export const pathOf = (
  repository: RepositoryName,
  kind: 'manifests' | 'referrers' | 'blobs',
  reference: Tag | Digest,
): string => `/v2/${repository}/${kind}/${reference}`;

/** FACTS §1.9: DELETE needs exactly `delete`, reading needs `pull`. Asked for together, once. */
export const scopeOf = (repository: RepositoryName, actions: 'pull,delete' | 'pull,push,delete'): string =>
  `repository:${repository}:${actions}`;
