import { SextonError } from '../../errors/sexton-error.js';
import type { UpstreamResponse } from './transport.js';

const TIMEOUTS = new Set(['UND_ERR_HEADERS_TIMEOUT', 'UND_ERR_BODY_TIMEOUT']);
const TLS = /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|EPROTO$)/;
const NOT_HTTP = /^(HPE_|UND_ERR_RES_CONTENT_LENGTH_MISMATCH|UND_ERR_RESPONSE_STATUS_CODE)/;

/** What a failed exchange means. Only Node's and undici's codes are quoted: their messages may hold anything. */
export const translateFailure = (error: unknown, registry: string, timedOut: boolean): SextonError => {
  if (error instanceof SextonError) return error;
  const code = codeOf(error);
  if (timedOut || TIMEOUTS.has(code)) {
    return new SextonError('upstream_timeout', { detail: `Registry ${registry} did not answer in time` });
  }
  if (TLS.test(code)) {
    return new SextonError('upstream_tls_error', {
      detail: `No trusted TLS connection to registry ${registry} (${code})`,
    });
  }
  if (NOT_HTTP.test(code)) {
    return new SextonError('upstream_protocol_error', {
      detail: `Registry ${registry} sent what is not HTTP (${code})`,
    });
  }
  return new SextonError('upstream_unavailable', {
    detail: `Registry ${registry} cannot be reached (${code})`,
  });
};

const codeOf = (error: unknown): string => {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if ('code' in at && typeof at.code === 'string') return at.code;
    // undici gives some of these no code.
    if (at.name === 'HTTPParserError') return 'HPE_INVALID';
    // Several addresses were tried (happy eyeballs): the first one's fault stands for all.
    if (at instanceof AggregateError && at.errors[0] !== undefined) return codeOf(at.errors[0]);
  }
  return 'no code';
};

/** Delta seconds or an HTTP date (RFC 9110 §10.2.3), in milliseconds from `now`; null when there is none. */
export const retryAfterMs = (response: UpstreamResponse, now: number): number | null => {
  const value = response.header('retry-after');
  if (value === null) return null;
  const waitMs = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - now;
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : null;
};

/** Answers that say "later": the error for them, or null for any other answer. */
export const laterError = (response: UpstreamResponse, registry: string, now: number): SextonError | null => {
  const wait = retryAfterMs(response, now);
  const options = wait === null ? {} : { retryAfterMs: wait };
  switch (response.status) {
    case 429:
      return new SextonError('upstream_rate_limited', {
        detail: `Registry ${registry} answered 429`,
        ...options,
      });
    case 502:
    case 503:
    case 504:
      return new SextonError('upstream_unavailable', {
        detail: `Registry ${registry} answered ${response.status}`,
        ...options,
      });
    default:
      return null;
  }
};

/**
 * A registry's own fault, answered to a read. distribution answers so while another request writes the link that is read
 * (seen with 2.8.2: it truncates the file, then writes it; on a busy disk that outlasted three looks in a row), so that
 * another look may find it whole.
 */
export class FaultyAnswer extends Error {
  constructor(readonly response: UpstreamResponse) {
    super(`answered ${response.status}`);
  }
}
