import { z } from 'zod';
import { SextonError } from '../../errors/sexton-error.js';
import { parseJson } from '../upstream/json.js';
import type { UpstreamResponse } from '../upstream/transport.js';

/** `{"error": text}`: it has no codes, so that its texts are what tells one 404 from another (FACTS §4). */
const errorSchema = z.object({ error: z.string() });

type Absent = 'Tag' | 'Image' | 'Repository';

/**
 * Whether the registry says in its own words that this is not there. A proxy's page does not, and neither does the 404
 * for something else.
 */
export const saysAbsent = (response: UpstreamResponse, what: Absent): boolean => {
  if (response.status !== 404) return false;
  const said = errorSchema.safeParse(parseJson(response.body)).data?.error ?? '';
  return said === `${what} not found` || said.startsWith(`${what} not found:`);
};

/** An answer that the verb has no meaning for; of a read that may work later. Never quotes its text. */
export const unexpectedAnswer = (response: UpstreamResponse, registry: string, what: string): SextonError => {
  if (response.status === 405) {
    return new SextonError('delete_disabled', { detail: `Registry ${registry} answered 405 to ${what}` });
  }
  const isItsOwn = errorSchema.safeParse(parseJson(response.body)).success;
  return new SextonError(response.status >= 500 || isItsOwn ? 'upstream_error' : 'upstream_protocol_error', {
    detail: `Registry ${registry} answered ${response.status} to ${what}`,
    ...(response.isFaultyRead && { canRetry: true }),
  });
};

/** A 200 that does not hold what it should. */
export const notWhatWasAsked = (registry: string, what: string): SextonError =>
  new SextonError('upstream_protocol_error', {
    detail: `Registry ${registry} answered something else than ${what}`,
  });
