import type { z } from 'zod';
import { SextonError } from '../../errors/sexton-error.js';
import type { RepositoryName } from '../../oci/names.js';
import { unexpectedAnswer } from '../v2/errors.js';
import { scopeOf } from '../v2/paths.js';
import { parseJson } from '../upstream/json.js';
import type { UpstreamResponse } from '../upstream/transport.js';
import type { Upstream } from '../upstream/upstream.js';

/**
 * Harbor's own API authenticates by Basic; the scope only says in errors what was missing. A DELETE is sent once: a
 * repetition could meet what somebody pushed or tagged meanwhile.
 */
export const askApi = (
  upstream: Upstream,
  method: 'GET' | 'DELETE',
  path: string,
  repository: RepositoryName | null,
  signal: AbortSignal,
): Promise<UpstreamResponse> => {
  const scope = repository === null ? '' : scopeOf(repository, 'pull,delete');
  return upstream.ask({ method, path, scope, mayRepeat: method === 'GET' }, signal);
};

/** The body of a 200, checked. Throws for any other answer, and for what is not the API's JSON. */
export const parseAnswer = <T>(
  upstream: Upstream,
  response: UpstreamResponse,
  schema: z.ZodType<T>,
  what: string,
): T => {
  if (response.status !== 200) throw unexpectedAnswer(response, upstream.options.name, what);
  const parsed = schema.safeParse(parseJson(response.body));
  if (parsed.success) return parsed.data;
  throw new SextonError('upstream_protocol_error', {
    detail: `Registry ${upstream.options.name} answered something that is not Harbor's API to ${what}`,
  });
};
