import { randomBytes } from 'node:crypto';
import { parseRepositoryName, parseTag, type RepositoryName } from '../../oci/names.js';
import { SextonError } from '../../errors/sexton-error.js';
import type { Capabilities } from '../registry.js';
import { parseJson } from '../upstream/json.js';
import type { Upstream } from '../upstream/upstream.js';
import { notWhatWasAsked, saysAbsent, unexpectedAnswer } from './errors.js';
import { tagPath } from './paths.js';

/** A name that need not exist: what is asked about it is the registry's ability, not its content. */
const NEUTRAL = parseRepositoryName('sexton/probe');

/**
 * What the registry can do, asked by deleting a tag that cannot exist: 404 in its own words means that it would. It has
 * no switch for deletion; a proxy before it can have one. A mirror serves what its source has, whatever is deleted.
 */
export const probe = async (
  upstream: Upstream,
  repository: RepositoryName | null,
  signal: AbortSignal,
): Promise<Capabilities> => {
  const isMirror = await mustSpeakV1(upstream, signal);
  return {
    deletes: 'tags',
    deletion: isMirror ? 'disabled' : await deletionState(upstream, repository ?? NEUTRAL, signal),
    untag: 'native',
    referrersApi: false,
    listsUntagged: false,
  };
};

export const mustSpeakV1 = async (upstream: Upstream, signal: AbortSignal): Promise<boolean> => {
  const response = await upstream.ask(
    { method: 'GET', path: '/v1/_ping', scope: '', mayRepeat: true },
    signal,
  );
  const { name } = upstream.options;
  if (response.status !== 200) throw unexpectedAnswer(response, name, 'GET /v1/_ping');
  if (parseJson(response.body) === undefined) throw notWhatWasAsked(name, 'JSON to GET /v1/_ping');
  return response.header('x-docker-registry-standalone')?.toLowerCase() === 'mirror';
};

const deletionState = async (
  upstream: Upstream,
  repository: RepositoryName,
  signal: AbortSignal,
): Promise<Capabilities['deletion']> => {
  const path = tagPath(repository, parseTag(`sexton-probe-${randomBytes(32).toString('hex')}`));
  try {
    const response = await upstream.ask({ method: 'DELETE', path, scope: '', mayRepeat: true }, signal);
    if (saysAbsent(response, 'Tag')) return 'enabled';
    return response.status === 405 ? 'disabled' : 'unknown';
  } catch (error) {
    // The account may not ask about this repository, which says nothing about the registry.
    if (error instanceof SextonError && error.code === 'upstream_forbidden') return 'unknown';
    throw error;
  }
};
