import { z } from 'zod';
import { SextonError } from '../../errors/sexton-error.js';
import { digestOrNull, digestSchema, type Digest } from '../../oci/digest.js';
import type { Manifest } from '../../oci/manifest.js';
import type { RepositoryName, Tag } from '../../oci/names.js';
import { saysAbsent, unexpectedAnswer } from '../v2/errors.js';
import { readManifest as readV2Manifest } from '../v2/manifests.js';
import type { ResolvedManifest } from '../registry.js';
import type { Upstream } from '../upstream/upstream.js';
import { askApi, parseAnswer } from './ask.js';
import { artifactsPath, isInProject } from './paths.js';

const artifactSchema = z.object({ digest: digestSchema, manifest_media_type: z.string().min(1) });

/** How often a tag that moves while it is read is looked at again. */
const TRIES = 3;

/**
 * What Harbor itself holds under a tag or digest. Asked of its API and not of /v2, which counts as a pull where it is a
 * GET, is refused without a body where a policy blocks the image, and in a proxy-cache project fetches what is not there
 * from the far registry.
 */
export const resolve = async (
  upstream: Upstream,
  repository: RepositoryName,
  reference: Tag | Digest,
  signal: AbortSignal,
): Promise<ResolvedManifest | null> => {
  if (!isInProject(repository)) return null;
  const what = `the artifact ${repository}:${reference}`;
  const path = `${artifactsPath(repository, reference)}?with_tag=false`;
  const response = await askApi(upstream, 'GET', path, repository, signal);
  if (saysAbsent(response)) return null;
  const artifact = parseAnswer(upstream, response, artifactSchema, what);
  const asked = digestOrNull(reference);
  if (asked !== null && artifact.digest !== asked) {
    throw new SextonError('upstream_protocol_error', {
      detail: `Registry ${upstream.options.name} answered with another digest to ${what}`,
    });
  }
  return { digest: artifact.digest, mediaType: artifact.manifest_media_type };
};

/**
 * The exact bytes, by digest from /v2: a GET by tag would count as a pull of that tag. An artifact that Harbor lists and
 * cannot serve is doubt, not absence.
 */
export const readManifest = async (
  upstream: Upstream,
  repository: RepositoryName,
  reference: Tag | Digest,
  signal: AbortSignal,
): Promise<Manifest | null> => {
  for (let tries = 0; tries < TRIES; tries += 1) {
    const resolved = await resolve(upstream, repository, reference, signal);
    if (!resolved) return null;
    const manifest = await readV2Manifest(upstream, repository, resolved.digest, signal);
    if (manifest) return manifest;
  }
  throw new SextonError('upstream_error', {
    detail: `Registry ${upstream.options.name} lists ${repository}:${reference} and does not serve its manifest`,
  });
};

/**
 * DELETE by digest, never by a tag, which would take every sibling without a word (TRAPS 18). All tags on the artifact
 * go; with an index go its children that nothing else needs, and with any artifact its signatures and SBOMs.
 */
export const deleteArtifact = async (
  upstream: Upstream,
  repository: RepositoryName,
  digest: Digest,
  signal: AbortSignal,
): Promise<'deleted' | 'absent'> => {
  if (!isInProject(repository)) return 'absent';
  const response = await askApi(upstream, 'DELETE', artifactsPath(repository, digest), repository, signal);
  if (response.status === 200) return 'deleted';
  if (saysAbsent(response)) return 'absent';
  throw unexpectedAnswer(response, upstream.options.name, `DELETE ${repository}@${digest}`);
};

/**
 * Removes the tag from the artifact `expected`, in one step: Harbor answers 404 when that artifact does not have it, so
 * that a tag which moved in the last moment is left alone too.
 */
export const untag = async (
  upstream: Upstream,
  repository: RepositoryName,
  tag: Tag,
  expected: Digest,
  signal: AbortSignal,
): Promise<'untagged' | 'absent' | 'moved'> => {
  if (!isInProject(repository)) return 'absent';
  const path = artifactsPath(repository, expected, tag);
  const response = await askApi(upstream, 'DELETE', path, repository, signal);
  if (response.status === 200) return 'untagged';
  if (!saysAbsent(response)) {
    throw unexpectedAnswer(response, upstream.options.name, `DELETE of the tag ${repository}:${tag}`);
  }
  return (await resolve(upstream, repository, tag, signal)) ? 'moved' : 'absent';
};
