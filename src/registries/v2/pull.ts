import { createHash } from 'node:crypto';
import type { Digest } from '../../oci/digest.js';
import type { RepositoryName } from '../../oci/names.js';
import type { Upstream } from '../upstream/upstream.js';
import { unexpectedAnswer } from './errors.js';
import { pathOf, scopeOf } from './paths.js';

/** A connection may break by chance; a blob that is not there breaks it every time. */
const TRIES = 2;

/**
 * Whether a blob can be pulled whole: every byte is read and hashed, and kept nowhere. HEAD proves nothing, since a
 * registry's cache may remember a blob that is gone, and then answers 200 without the bytes (FACTS §1.13).
 */
export const canPullBlob = async (
  upstream: Upstream,
  repository: RepositoryName,
  digest: Digest,
  signal: AbortSignal,
): Promise<boolean> => {
  for (let tries = 0; tries < TRIES; tries += 1) {
    if (await pullOnce(upstream, repository, digest, signal)) return true;
  }
  return false;
};

const pullOnce = async (
  upstream: Upstream,
  repository: RepositoryName,
  digest: Digest,
  signal: AbortSignal,
): Promise<boolean> => {
  const [algorithm = 'sha256', expected] = digest.split(':');
  let hash = createHash(algorithm);
  const response = await upstream.ask(
    {
      method: 'GET',
      path: pathOf(repository, 'blobs', digest),
      scope: scopeOf(repository, 'pull,delete'),
      mayRepeat: true,
      mayRedirect: true,
      // A repeated call begins again.
      onBody: () => {
        hash = createHash(algorithm);
        return (chunk) => hash.update(chunk);
      },
    },
    signal,
  );
  if (response.status === 404) return false;
  if (response.status !== 200) {
    throw unexpectedAnswer(response, upstream.options.name, `GET blob ${digest}`);
  }
  return hash.digest('hex') === expected;
};
