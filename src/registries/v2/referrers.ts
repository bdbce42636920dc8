import { SextonError } from '../../errors/sexton-error.js';
import type { Digest } from '../../oci/digest.js';
import { readManifestContent, type Descriptor } from '../../oci/manifest.js';
import { MEDIA_TYPES } from '../../oci/media-types.js';
import type { RepositoryName } from '../../oci/names.js';
import type { Upstream } from '../upstream/upstream.js';
import { unexpectedAnswer } from './errors.js';
import { pathOf, scopeOf } from './paths.js';

/**
 * Referrers API (OCI distribution spec, "Listing Referrers"). A registry that has it never answers 404, so that 404
 * means "use the tag schema": null.
 */
export const listReferrers = async (
  upstream: Upstream,
  repository: RepositoryName,
  digest: Digest,
  signal: AbortSignal,
): Promise<readonly Descriptor[] | null> => {
  const response = await upstream.ask(
    {
      method: 'GET',
      path: pathOf(repository, 'referrers', digest),
      headers: { accept: MEDIA_TYPES.ociIndex },
      scope: scopeOf(repository, 'pull,delete'),
      mayRepeat: true,
    },
    signal,
  );
  if (response.status === 404 || response.status === 405) return null;
  const content = readManifestContent(response.body, MEDIA_TYPES.ociIndex);
  if (response.status !== 200 || content.kind !== 'index') {
    throw unexpectedAnswer(response, upstream.options.name, `the referrers of ${digest}`);
  }
  return content.children;
};

/** Whether the registry answers the referrers API (OCI distribution spec, "Listing Referrers"). */
export const hasReferrersApi = async (
  upstream: Upstream,
  repository: RepositoryName,
  digest: Digest,
  signal: AbortSignal,
): Promise<boolean> => {
  const path = pathOf(repository, 'referrers', digest);
  const scope = scopeOf(repository, 'pull,delete');
  try {
    const response = await upstream.ask({ method: 'GET', path, scope, mayRepeat: true }, signal);
    return response.status === 200;
  } catch (error) {
    if (error instanceof SextonError && error.code === 'upstream_forbidden') return false;
    throw error;
  }
};
