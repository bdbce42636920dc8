import { z } from 'zod';
import { SextonError } from '../../errors/sexton-error.js';
import type { RepositoryName } from '../../oci/names.js';
import { unexpectedAnswer } from '../v2/errors.js';
import type { Capabilities } from '../registry.js';
import type { Upstream } from '../upstream/upstream.js';
import { askApi, parseAnswer } from './ask.js';
import { API } from './paths.js';

/** Of `/systeminfo`; both are told only to an account that Harbor knows. */
const systemSchema = z.object({
  harbor_version: z.string().nullish(),
  read_only: z.boolean().nullish(),
});

const askSystem = async (
  upstream: Upstream,
  signal: AbortSignal,
): Promise<{ version: string | null; readOnly: boolean }> => {
  const response = await askApi(upstream, 'GET', `${API}/systeminfo`, null, signal);
  const system = parseAnswer(upstream, response, systemSchema, 'its system information');
  return { version: system.harbor_version ?? null, readOnly: system.read_only ?? false };
};

/** Harbor says what it can do: nothing has to be tried out. `GET /v2/` refuses an account that it does not know. */
export const probe = async (upstream: Upstream, signal: AbortSignal): Promise<Capabilities> => {
  const known = await upstream.ask({ method: 'GET', path: '/v2/', scope: '', mayRepeat: true }, signal);
  if (known.status !== 200) throw unexpectedAnswer(known, upstream.options.name, 'GET /v2/');
  const { version, readOnly } = await askSystem(upstream, signal);
  return {
    deletes: 'manifests',
    deletion: readOnly ? 'read_only' : 'enabled',
    untag: 'native',
    referrersApi: version !== null && hasReferrersApi(version),
    listsUntagged: true,
    deletesAlong: true,
  };
};

/** Since 2.8 (src/server/registry/referrers.go is in no earlier tag). */
const hasReferrersApi = (version: string): boolean => {
  const [, major = 0, minor = 0] = (/^v?(\d+)\.(\d+)/.exec(version) ?? []).map(Number);
  return major > 2 || (major === 2 && minor >= 8);
};

/**
 * /v2 answers 401 to three things: unknown credentials, a right that is missing, and a project that does not exist. An
 * account that is told the version is known, so that the fault is one of the others.
 */
export const withClear401 = async <T>(
  upstream: Upstream,
  repository: RepositoryName,
  call: () => Promise<T>,
  signal: AbortSignal,
): Promise<T> => {
  try {
    return await call();
  } catch (error) {
    if (!(error instanceof SextonError) || error.code !== 'upstream_unauthorized') throw error;
    if ((await askSystem(upstream, signal)).version === null) throw error;
    throw new SextonError('upstream_forbidden', {
      detail: `Registry ${upstream.options.name} does not let the configured account pull from ${repository}, or has no such project`,
    });
  }
};
