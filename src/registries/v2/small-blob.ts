import { bytesMatch, type Digest } from '../../oci/digest.js';
import type { RepositoryName } from '../../oci/names.js';
import type { Upstream } from '../upstream/upstream.js';
import { unexpectedAnswer } from './errors.js';
import { pathOf, scopeOf } from './paths.js';

/** Reads a blob into memory while it is small; null when it is not there, too large, or not what its digest says. */
export const readBlob = async (
  upstream: Upstream,
  repository: RepositoryName,
  digest: Digest,
  mostBytes: number,
  signal: AbortSignal,
): Promise<Uint8Array | null> => {
  let chunks: Uint8Array[] = [];
  let size = 0;
  const response = await upstream.ask(
    {
      method: 'GET',
      path: pathOf(repository, 'blobs', digest),
      scope: scopeOf(repository, 'pull,delete'),
      mayRepeat: true,
      mayRedirect: true,
      // A repeated call begins again.
      onBody: () => {
        chunks = [];
        size = 0;
        return (chunk) => {
          size += chunk.byteLength;
          if (size <= mostBytes) chunks.push(chunk);
        };
      },
    },
    signal,
  );
  if (response.status === 404) return null;
  if (response.status !== 200) throw unexpectedAnswer(response, upstream.options.name, `GET blob ${digest}`);
  const bytes = Buffer.concat(chunks);
  return size <= mostBytes && bytesMatch(digest, bytes) ? bytes : null;
};
