import { SextonError } from '../../errors/sexton-error.js';
import type { Digest } from '../../oci/digest.js';
import type { RepositoryName, Tag } from '../../oci/names.js';
import { unexpectedAnswer } from '../v2/errors.js';
import { readManifest, resolve } from '../v2/manifests.js';
import type { UpstreamResponse } from '../upstream/transport.js';
import type { Upstream } from '../upstream/upstream.js';
import { askApi, saysNoSuch } from './api.js';
import { readTags } from './listing.js';
import { manifestPath, tagPath } from './paths.js';

/** The two ways to ask one registry: its own API, and the distribution API beside it, which is the one to read by. */
export interface DtrUpstreams {
  readonly api: Upstream;
  readonly v2: Upstream;
}

/**
 * Removes one tag: its siblings and its manifest stay, also without a tag, until the registry collects (FACTS §2.3).
 * There is no conditional delete: the look is the call right before.
 */
export const untag = async (
  { api, v2 }: DtrUpstreams,
  repository: RepositoryName,
  tag: Tag,
  expected: Digest,
  signal: AbortSignal,
): Promise<'untagged' | 'absent' | 'moved'> => {
  const before = await resolve(v2, repository, tag, signal);
  if (before?.digest !== expected) return before ? 'moved' : 'absent';
  const response = await askApi(api, 'DELETE', tagPath(repository, tag, api.options), signal);
  if (wentAway(response)) return 'untagged';
  const now = response.status === 404 ? await resolve(v2, repository, tag, signal) : before;
  if (!now) return 'absent';
  if (now.digest !== expected) return 'moved';
  const isOfTheApi = saysNoSuch(response, 'reference') || saysNoSuch(response, 'repository');
  if (response.status === 404 && !isOfTheApi) {
    throw new SextonError('untag_unsupported', {
      detail: `Registry ${api.options.name} is of a version without an API to delete a tag`,
    });
  }
  throw unexpectedAnswer(response, api.options.name, `DELETE ${repository}:${tag}`);
};

/**
 * Deletes by digest, where the registry's version has that (FACTS §2.2). 404 and 405 are answered by versions without
 * it too: the manifest is gone only if it cannot be read. No document says whether its tags go with it, so those that
 * are left are removed here; they lead to nothing any more.
 */
export const deleteManifest = async (
  { api, v2 }: DtrUpstreams,
  repository: RepositoryName,
  digest: Digest,
  signal: AbortSignal,
): Promise<'deleted' | 'absent'> => {
  const response = await askApi(api, 'DELETE', manifestPath(repository, digest), signal);
  if (wentAway(response)) {
    await removeTagsLeftOn({ api, v2 }, repository, digest, signal);
    return 'deleted';
  }
  if (response.status !== 404 && response.status !== 405) {
    throw unexpectedAnswer(response, api.options.name, `DELETE ${repository}@${digest}`);
  }
  if (!(await readManifest(v2, repository, digest, signal))) return 'absent';
  throw new SextonError('digest_unsupported', {
    detail: `Registry ${api.options.name} answered ${response.status} to the deletion of ${repository}@${digest}, which it still serves: its version deletes tags only`,
  });
};

/** A tag that still resolves leads to something else, such as the index that the manifest was a child of. */
const removeTagsLeftOn = async (
  { api, v2 }: DtrUpstreams,
  repository: RepositoryName,
  digest: Digest,
  signal: AbortSignal,
): Promise<void> => {
  for (const [tag, digests] of await readTags(api, repository, signal)) {
    if (!digests.has(digest) || (await resolve(v2, repository, tag, signal))) continue;
    const response = await askApi(api, 'DELETE', tagPath(repository, tag, api.options), signal);
    if (!wentAway(response) && !saysNoSuch(response, 'reference')) {
      throw unexpectedAnswer(response, api.options.name, `DELETE ${repository}:${tag}`);
    }
  }
};

/** 204 is what the API documents; nothing else is taken for done. */
const wentAway = (response: UpstreamResponse): boolean => response.status === 204;
