import { SextonError } from '../../errors/sexton-error.js';
import type { Digest } from '../../oci/digest.js';
import type { RepositoryName } from '../../oci/names.js';
import type { Upstream } from '../upstream/upstream.js';
import { notAllowedError, unexpectedAnswer } from '../v2/errors.js';
import { scopeOf } from '../v2/paths.js';

/** Uploads one small blob in one piece (OCI distribution spec, "POST then PUT"). */
export const putBlob = async (
  upstream: Upstream,
  repository: RepositoryName,
  blob: { readonly digest: Digest; readonly bytes: Uint8Array },
  signal: AbortSignal,
): Promise<void> => {
  const scope = scopeOf(repository, 'pull,push,delete');
  const started = await upstream.ask(
    { method: 'POST', path: `/v2/${repository}/blobs/uploads/`, scope, mayRepeat: false },
    signal,
  );
  if (started.status === 405) throw notAllowedError(started, upstream.options.name);
  if (started.status !== 202)
    throw unexpectedAnswer(started, upstream.options.name, `an upload to ${repository}`);
  const location = new URL(started.header('location') ?? '', `${upstream.options.url}/`);
  const base = new URL(upstream.options.url);
  // Behind a TLS proxy registries write their own scheme into Location; host and port must still be the registry's.
  if (location.host !== base.host) {
    throw new SextonError('upstream_protocol_error', {
      detail: `Registry ${upstream.options.name} sends uploads to another host`,
    });
  }
  const prefix = base.pathname.replace(/\/$/, '');
  location.searchParams.set('digest', blob.digest);
  const path = `${location.pathname.slice(location.pathname.startsWith(`${prefix}/v2/`) ? prefix.length : 0)}${location.search}`;
  const stored = await upstream.ask(
    {
      method: 'PUT',
      path,
      headers: { 'content-type': 'application/octet-stream' },
      body: blob.bytes,
      scope,
      mayRepeat: false,
    },
    signal,
  );
  if (stored.status !== 201)
    throw unexpectedAnswer(stored, upstream.options.name, `a blob for ${repository}`);
};
