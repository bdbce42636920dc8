import { randomUUID } from 'node:crypto';
import { SextonError } from '../../errors/sexton-error.js';
import type { Digest } from '../../oci/digest.js';
import type { RepositoryName, Tag } from '../../oci/names.js';
import type { Capabilities } from '../registry.js';
import type { Upstream } from '../upstream/upstream.js';
import { putBlob } from './blobs.js';
import { notAllowedError, saysAbsent, unexpectedAnswer } from '../v2/errors.js';
import { deleteManifest, putManifest, readManifest, resolve } from '../v2/manifests.js';
import { pathOf, scopeOf } from '../v2/paths.js';
import { makeThrowaway, replacedBy } from './throwaway.js';

type Outcome = 'untagged' | 'absent' | 'moved';

/**
 * Removes one tag and leaves its manifest: by DELETE where the registry deletes tags, else by giving the tag a unique
 * throw-away manifest and deleting that. A registry has no conditional write: a tag that somebody moves between the
 * last look and our write loses that move, or is removed; the look is the call right before, and the write is sent once.
 */
export const untag = async (
  upstream: Upstream,
  how: Capabilities['untag'],
  repository: RepositoryName,
  tag: Tag,
  expected: Digest,
  signal: AbortSignal,
): Promise<Outcome> => {
  switch (how) {
    case 'native':
      return deleteTag(upstream, repository, tag, expected, signal);
    case 'replace':
      return replaceTag(upstream, repository, tag, expected, signal);
    case 'none':
      throw new SextonError('untag_unsupported', {
        detail: `Registry ${upstream.options.name} cannot remove one tag alone`,
      });
  }
};

const deleteTag = async (
  upstream: Upstream,
  repository: RepositoryName,
  tag: Tag,
  expected: Digest,
  signal: AbortSignal,
): Promise<Outcome> => {
  const now = await resolve(upstream, repository, tag, signal);
  if (!now) return 'absent';
  if (now.digest !== expected) return 'moved';
  const response = await upstream.ask(
    {
      method: 'DELETE',
      path: pathOf(repository, 'manifests', tag),
      scope: scopeOf(repository, 'pull,delete'),
      mayRepeat: false,
    },
    signal,
  );
  if (response.status === 202 || response.status === 200 || response.status === 204) return 'untagged';
  if (saysAbsent(response)) return 'absent';
  if (response.status === 405) throw notAllowedError(response, upstream.options.name);
  throw unexpectedAnswer(response, upstream.options.name, `DELETE ${repository}:${tag}`);
};

const replaceTag = async (
  upstream: Upstream,
  repository: RepositoryName,
  tag: Tag,
  expected: Digest,
  signal: AbortSignal,
): Promise<Outcome> => {
  const manifest = await readManifest(upstream, repository, tag, signal);
  if (!manifest) return 'absent';
  // A crash left the tag on the throw-away: finish what was begun.
  if (replacedBy(manifest) === expected)
    return removeThrowaway(upstream, repository, tag, manifest.digest, signal);
  if (manifest.digest !== expected) return 'moved';
  const throwaway = makeThrowaway(expected, manifest.mediaType, randomUUID());
  await putBlob(upstream, repository, throwaway.config, signal);
  const now = await resolve(upstream, repository, tag, signal);
  if (now?.digest !== expected) return now ? 'moved' : 'absent';
  await putManifest(upstream, repository, tag, throwaway, signal);
  return removeThrowaway(upstream, repository, tag, throwaway.digest, signal);
};

/** Deletes the throw-away, and the tag with it, unless somebody moved the tag on meanwhile. */
const removeThrowaway = async (
  upstream: Upstream,
  repository: RepositoryName,
  tag: Tag,
  throwaway: Digest,
  signal: AbortSignal,
): Promise<Outcome> => {
  await deleteManifest(upstream, repository, throwaway, signal, true);
  const now = await resolve(upstream, repository, tag, signal);
  return now === null ? 'untagged' : 'moved';
};
