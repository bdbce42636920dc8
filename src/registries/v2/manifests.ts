import { SextonError } from '../../errors/sexton-error.js';
import { bytesMatch, digestOf, digestOrNull, type Digest } from '../../oci/digest.js';
import { readManifestContent, type Manifest } from '../../oci/manifest.js';
import { ACCEPT_EVERY_MANIFEST } from '../../oci/media-types.js';
import type { RepositoryName, Tag } from '../../oci/names.js';
import type { ResolvedManifest } from '../registry.js';
import type { UpstreamResponse } from '../upstream/transport.js';
import type { Upstream } from '../upstream/upstream.js';
import { parseJson } from '../upstream/json.js';
import { notAllowedError, saysAbsent, unexpectedAnswer } from './errors.js';
import { pathOf, scopeOf } from './paths.js';

/** Registries take at most 4 MiB on PUT (FACTS §1.4). */
const MOST_MANIFEST_BYTES = 4 * 1024 * 1024;

/** `Docker-Content-Digest`; never `Content-Digest`, which is another header (FACTS §1.4). Null when there is none. */
const digestHeader = (response: UpstreamResponse, upstream: Upstream): Digest | null => {
  const text = response.header('docker-content-digest');
  if (text === null) return null;
  const digest = digestOrNull(text);
  if (!digest) {
    throw new SextonError('upstream_protocol_error', {
      detail: `Registry ${upstream.options.name} sent a Docker-Content-Digest that is no digest`,
    });
  }
  return digest;
};

const mediaTypeOf = (response: UpstreamResponse): string =>
  (response.header('content-type') ?? '').split(';')[0]?.trim().toLowerCase() ?? '';

/** As every manifest is, of whatever type. */
const isJsonObject = (bytes: Uint8Array): boolean => {
  const json = parseJson(bytes);
  return typeof json === 'object' && json !== null && !Array.isArray(json);
};

/** HEAD with every media type; whatever HEAD cannot tell for sure, GET does. */
export const resolve = async (
  upstream: Upstream,
  repository: RepositoryName,
  reference: Tag | Digest,
  signal: AbortSignal,
): Promise<ResolvedManifest | null> => {
  const response = await upstream.ask(
    {
      method: 'HEAD',
      path: pathOf(repository, 'manifests', reference),
      headers: { accept: ACCEPT_EVERY_MANIFEST },
      scope: scopeOf(repository, 'pull,delete'),
      mayRepeat: true,
    },
    signal,
  );
  if (response.status === 200) {
    const digest = digestHeader(response, upstream);
    const asked = digestOrNull(reference);
    if (digest && (asked === null || asked === digest)) return { digest, mediaType: mediaTypeOf(response) };
  } else if (response.status !== 404) {
    throw unexpectedAnswer(response, upstream.options.name, `HEAD ${repository}:${reference}`);
  }
  const manifest = await readManifest(upstream, repository, reference, signal);
  return manifest && { digest: manifest.digest, mediaType: manifest.mediaType };
};

/** The exact bytes. They must hash to what the registry says, and to what was asked for. */
export const readManifest = async (
  upstream: Upstream,
  repository: RepositoryName,
  reference: Tag | Digest,
  signal: AbortSignal,
): Promise<Manifest | null> => {
  const response = await upstream.ask(
    {
      method: 'GET',
      path: pathOf(repository, 'manifests', reference),
      headers: { accept: ACCEPT_EVERY_MANIFEST },
      scope: scopeOf(repository, 'pull,delete'),
      mayRepeat: true,
      mostBytes: MOST_MANIFEST_BYTES,
    },
    signal,
  );
  if (saysAbsent(response)) return null;
  if (response.status !== 200) {
    throw unexpectedAnswer(response, upstream.options.name, `GET ${repository}:${reference}`);
  }
  const bytes = response.body;
  if (!isJsonObject(bytes)) {
    throw new SextonError('upstream_protocol_error', {
      detail: `Registry ${upstream.options.name} sent what is no manifest for ${repository}:${reference}`,
    });
  }
  const asked = digestOrNull(reference);
  const said = digestHeader(response, upstream);
  for (const digest of [asked, said]) {
    if (digest && !bytesMatch(digest, bytes)) {
      throw new SextonError('digest_mismatch', {
        detail: `The bytes that registry ${upstream.options.name} sent for ${repository}@${digest} do not hash to it`,
      });
    }
  }
  const mediaType = mediaTypeOf(response);
  return {
    digest: asked ?? said ?? digestOf(bytes),
    mediaType,
    bytes,
    content: readManifestContent(bytes, mediaType),
  };
};

/**
 * DELETE by digest. The registry removes every tag of the repository on it (FACTS §1.2), so it is sent once: a repetition
 * would take along what was tagged while it waited. `mayRepeat` where nobody else can know the digest.
 */
export const deleteManifest = async (
  upstream: Upstream,
  repository: RepositoryName,
  digest: Digest,
  signal: AbortSignal,
  mayRepeat = false,
): Promise<'deleted' | 'absent'> => {
  const response = await upstream.ask(
    {
      method: 'DELETE',
      path: pathOf(repository, 'manifests', digest),
      scope: scopeOf(repository, 'pull,delete'),
      mayRepeat,
    },
    signal,
  );
  if (response.status === 202 || response.status === 200 || response.status === 204) return 'deleted';
  if (saysAbsent(response)) return 'absent';
  if (response.status === 405) throw notAllowedError(response, upstream.options.name);
  throw unexpectedAnswer(response, upstream.options.name, `DELETE ${repository}@${digest}`);
};

/**
 * PUT of the exact bytes, under a tag or their digest. Under a tag it is sent once: a repetition could meet what somebody
 * pushed there meanwhile.
 */
export const putManifest = async (
  upstream: Upstream,
  repository: RepositoryName,
  reference: Tag | Digest,
  manifest: { readonly bytes: Uint8Array; readonly mediaType: string },
  signal: AbortSignal,
): Promise<void> => {
  const response = await upstream.ask(
    {
      method: 'PUT',
      path: pathOf(repository, 'manifests', reference),
      headers: { 'content-type': manifest.mediaType },
      body: manifest.bytes,
      scope: scopeOf(repository, 'pull,push,delete'),
      mayRepeat: digestOrNull(reference) !== null,
    },
    signal,
  );
  if (response.status === 405) throw notAllowedError(response, upstream.options.name);
  if (response.status !== 201 && response.status !== 200) {
    throw unexpectedAnswer(response, upstream.options.name, `PUT ${repository}:${reference}`);
  }
};
