import { randomBytes } from 'node:crypto';
import { digestOf, type Digest } from '../../oci/digest.js';
import { parseRepositoryName, parseTag, type RepositoryName, type Tag } from '../../oci/names.js';
import { SextonError } from '../../errors/sexton-error.js';
import type { Capabilities } from '../registry.js';
import type { UpstreamResponse } from '../upstream/transport.js';
import type { Upstream } from '../upstream/upstream.js';
import { notAllowedError, registryError, saysAbsent, unexpectedAnswer } from '../v2/errors.js';
import { pathOf, scopeOf } from '../v2/paths.js';
import { hasReferrersApi } from '../v2/referrers.js';

/** A name that need not exist: what is asked about it is the registry's ability, not its content. */
const NEUTRAL = parseRepositoryName('sexton/probe');

/**
 * What the registry can do, asked by deleting what cannot exist: a random digest and a random tag. The answers tell
 * enabled (404), disabled or proxy cache (405, JSON) and read-only (405, text) apart, and whether tags can be deleted
 * (2.8 answers 400 DIGEST_INVALID to any tag; FACTS §1.1). Nothing can be removed by it.
 */
export const probe = async (
  upstream: Upstream,
  repository: RepositoryName | null,
  signal: AbortSignal,
): Promise<Capabilities> => {
  await mustSpeakV2(upstream, signal);
  const where = repository ?? NEUTRAL;
  const random = randomBytes(32);
  const deletion = await tryDelete(upstream, where, digestOf(random), signal);
  const state = deletion === null ? 'unknown' : deletionState(deletion, upstream);
  return {
    deletes: 'manifests',
    deletion: state,
    untag: state === 'enabled' ? await untagAbility(upstream, where, random, signal) : 'replace',
    referrersApi: await hasReferrersApi(upstream, where, digestOf(random), signal),
    listsUntagged: false,
  };
};

export const mustSpeakV2 = async (upstream: Upstream, signal: AbortSignal): Promise<void> => {
  const response = await upstream.ask({ method: 'GET', path: '/v2/', scope: '', mayRepeat: true }, signal);
  if (response.status !== 200) throw unexpectedAnswer(response, upstream.options.name, 'GET /v2/');
};

/** Null when the account may not ask about this repository, which says nothing about the registry. */
const tryDelete = async (
  upstream: Upstream,
  repository: RepositoryName,
  reference: Tag | Digest,
  signal: AbortSignal,
): Promise<UpstreamResponse | null> => {
  const path = pathOf(repository, 'manifests', reference);
  const scope = scopeOf(repository, 'pull,delete');
  try {
    return await upstream.ask({ method: 'DELETE', path, scope, mayRepeat: true }, signal);
  } catch (error) {
    if (error instanceof SextonError && error.code === 'upstream_forbidden') return null;
    throw error;
  }
};

const deletionState = (response: UpstreamResponse, upstream: Upstream): Capabilities['deletion'] => {
  if (saysAbsent(response)) return 'enabled';
  if (response.status !== 405) return 'unknown';
  return notAllowedError(response, upstream.options.name).code === 'delete_disabled'
    ? 'disabled'
    : 'read_only';
};

const untagAbility = async (
  upstream: Upstream,
  repository: RepositoryName,
  random: Buffer,
  signal: AbortSignal,
): Promise<Capabilities['untag']> => {
  const tag = parseTag(`sexton-probe-${random.toString('hex')}`);
  const response = await tryDelete(upstream, repository, tag, signal);
  if (response === null) return 'replace';
  if (saysAbsent(response) || registryError(response)?.code === 'TAG_UNKNOWN') return 'native';
  return 'replace';
};
