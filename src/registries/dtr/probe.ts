import { randomBytes } from 'node:crypto';
import { SextonError } from '../../errors/sexton-error.js';
import { digestOf } from '../../oci/digest.js';
import { parseRepositoryName, parseTag, type RepositoryName } from '../../oci/names.js';
import { hasReferrersApi } from '../v2/referrers.js';
import type { Capabilities } from '../registry.js';
import type { Upstream } from '../upstream/upstream.js';
import { askApi, saysNoSuch } from './api.js';
import type { DtrUpstreams } from './deletion.js';
import { anyRepository } from './listing.js';
import { manifestPath, tagPath } from './paths.js';

/** Asked about where the account sees no repository at all. */
const NEUTRAL = parseRepositoryName('sexton/probe');

/**
 * What the registry can do, asked by deleting what cannot exist: a random digest and a random tag. Only an answer that
 * speaks of the missing tag or manifest shows that the version has the call; its documents contradict each other
 * (FACTS §2.2). Nothing can be removed by it.
 */
export const probe = async (
  { api, v2 }: DtrUpstreams,
  repository: RepositoryName | null,
  signal: AbortSignal,
): Promise<Capabilities> => {
  const where = repository ?? (await anyRepository(api, signal)) ?? NEUTRAL;
  const random = randomBytes(32);
  const tag = parseTag(`sexton-probe-${random.toString('hex')}`);
  const deletesManifests = await knows(api, manifestPath(where, digestOf(random)), signal);
  const deletesTags = await knows(api, tagPath(where, tag, api.options), signal);
  return {
    deletes: deletesManifests ? 'manifests' : 'tags',
    deletion: deletesManifests || deletesTags ? 'enabled' : 'unknown',
    untag: deletesTags ? 'native' : 'none',
    referrersApi: await hasReferrersApi(v2, where, digestOf(random), signal),
    listsUntagged: false,
  };
};

const knows = async (api: Upstream, path: string, signal: AbortSignal): Promise<boolean> => {
  try {
    const response = await askApi(api, 'DELETE', path, signal);
    if (response.status < 300) {
      throw new SextonError('upstream_protocol_error', {
        detail: `Registry ${api.options.name} answered ${response.status} to the deletion of what cannot exist`,
      });
    }
    return saysNoSuch(response, 'reference');
  } catch (error) {
    // Says something about the account, and nothing about the registry.
    if (error instanceof SextonError && error.code === 'upstream_forbidden') return false;
    throw error;
  }
};
