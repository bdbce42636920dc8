import { SextonError } from '../../errors/sexton-error.js';
import { registryError } from '../v2/errors.js';
import type { UpstreamResponse } from '../upstream/transport.js';
import type { Dialect, Upstream } from '../upstream/upstream.js';

/** What stands in the body of a refusal that deserves a code of its own (FACTS §2.3, §2.5). */
const explain = (response: UpstreamResponse, registry: string): SextonError | null => {
  if (response.status === 403) {
    return new SextonError('upstream_forbidden', {
      detail: `Registry ${registry} does not let the configured account do this; deleting needs write access to the repository`,
    });
  }
  if (response.status === 409 && registryError(response)?.code === 'TAG_IN_NOTARY') {
    return new SextonError('tag_in_notary', {
      detail: `Registry ${registry} keeps the tag because it is signed (TAG_IN_NOTARY)`,
    });
  }
  return null;
};

/**
 * `/api/v0` shows a request without credentials what is public, and does not ask for better ones. So Basic goes with
 * every request, the password being the account's or one of its access tokens (FACTS §2.5).
 */
export const API_DIALECT: Dialect = { credentialsFirst: true, explain };

/** One request to `/api/v0`. A deletion is sent once: a repetition could meet a tag that somebody pushed meanwhile. */
export const askApi = (
  api: Upstream,
  method: 'GET' | 'DELETE',
  path: string,
  signal: AbortSignal,
): Promise<UpstreamResponse> =>
  api.ask(
    { method, path, headers: { accept: 'application/json' }, scope: '', mayRepeat: method === 'GET' },
    signal,
  );

/** What 2.5 calls NO_SUCH_MANIFEST and NO_SUCH_TAG, 2.7 calls NO_SUCH_REF (FACTS §2.2). */
const NO_SUCH = {
  reference: new Set(['NO_SUCH_REF', 'NO_SUCH_TAG', 'NO_SUCH_MANIFEST']),
  repository: new Set(['NO_SUCH_REPOSITORY', 'NO_SUCH_ACCOUNT']),
};

/** Whether it is the API that says there is no such thing; any other 404 is of a route that it does not have. */
export const saysNoSuch = (response: UpstreamResponse, what: keyof typeof NO_SUCH): boolean =>
  response.status === 404 && NO_SUCH[what].has(registryError(response)?.code ?? '');
