import { z } from 'zod';
import { SextonError } from '../../errors/sexton-error.js';
import { parseJson } from '../upstream/json.js';
import type { UpstreamResponse } from '../upstream/transport.js';

/** OCI distribution spec, "Error Codes". `detail` differs between versions and is never read (FACTS §1.7). */
const envelopeSchema = z.object({
  errors: z.array(z.object({ code: z.string(), message: z.string().optional() })).min(1),
});

/** The first error of the envelope, or null when the body is not one: a proxy's page, plain text, nothing. */
export const registryError = (response: UpstreamResponse): { code: string; message: string } | null => {
  const parsed = envelopeSchema.safeParse(parseJson(response.body));
  const first = parsed.data?.errors[0];
  return first ? { code: first.code, message: first.message ?? '' } : null;
};

/** Codes with which registries say that a thing is not there. */
const ABSENT_CODES = new Set(['MANIFEST_UNKNOWN', 'NAME_UNKNOWN', 'NOT_FOUND']);

/**
 * Whether a 404 says beyond doubt that the manifest is not there. A page of some proxy does not, and neither does
 * "manifest found, but accept header does not support it" (TRAPS 4, FACTS §1.4).
 */
export const saysAbsent = (response: UpstreamResponse): boolean => {
  const error = registryError(response);
  return (
    response.status === 404 &&
    error !== null &&
    ABSENT_CODES.has(error.code) &&
    !/accept header/i.test(error.message)
  );
};

/** 405 has three meanings (TRAPS 7): JSON is a switched-off deletion or a proxy cache, plain text is read-only mode. */
export const notAllowedError = (response: UpstreamResponse, registry: string): SextonError =>
  registryError(response)
    ? new SextonError('delete_disabled', { detail: `Registry ${registry} answered 405 to a deletion` })
    : new SextonError('registry_read_only', { detail: `Registry ${registry} is in read-only mode` });

/** An answer that the verb has no meaning for; of a read that may work later. Quotes the registry's code, never its body. */
export const unexpectedAnswer = (response: UpstreamResponse, registry: string, what: string): SextonError => {
  const error = registryError(response);
  const isServerFault = response.status >= 500 || error !== null;
  return new SextonError(isServerFault ? 'upstream_error' : 'upstream_protocol_error', {
    detail: `Registry ${registry} answered ${response.status}${error ? ` ${error.code.slice(0, 64)}` : ''} to ${what}`,
    ...(response.isFaultyRead && { canRetry: true }),
  });
};
