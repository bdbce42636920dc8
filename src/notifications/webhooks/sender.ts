import { Agent, request } from 'undici';
import {
  AddressNotAllowed,
  guardedConnector,
  type Resolve,
  systemResolve,
} from '../target/guarded-connect.js';
import type { WebhookOptions } from '../webhook-options.js';

/** Of an answer nothing but its status and Retry-After is used: so much of its body is read, to use the connection again. */
const MOST_BYTES = 16 * 1024;
const TLS = /^(ERR_TLS_|ERR_SSL_|CERT_|UNABLE_TO_|SELF_SIGNED|DEPTH_ZERO|HOSTNAME_MISMATCH|EPROTO$)/;
const NO_NAME = /^(ENOTFOUND|EAI_|ENODATA)/;
const NOT_HTTP = /^(HPE_|UND_ERR_(RES|HEADERS_OVERFLOW))/;
const TIMEOUT = /^(UND_ERR_(CONNECT|HEADERS|BODY)_TIMEOUT|ETIMEDOUT)$/;

/** Why no answer came; `event_missing`: there was nothing to send. */
export type SendFault =
  | 'address_not_allowed'
  | 'name_not_found'
  | 'tls_error'
  | 'timeout'
  | 'not_http'
  | 'no_connection'
  | 'event_missing';

export type Answer =
  | { readonly answered: true; readonly status: number; readonly retryAfterMs: number | null }
  | { readonly answered: false; readonly fault: SendFault };

/** POSTs to where webhooks lead: only to allowed addresses, bounded in time and size, redirects not followed. */
export class WebhookSender {
  private readonly agent: Agent;

  constructor(
    private readonly options: WebhookOptions,
    resolve: Resolve = systemResolve,
  ) {
    const { allowed, timeoutMs, tlsCa } = options;
    this.agent = new Agent({
      connect: guardedConnector(allowed, resolve, { timeout: timeoutMs, ca: tlsCa }),
      keepAliveTimeout: 5_000,
      keepAliveMaxTimeout: 60_000,
      headersTimeout: timeoutMs,
      bodyTimeout: timeoutMs,
      maxHeaderSize: MOST_BYTES,
    });
  }

  /** Never throws. `nowMs` is what an HTTP date in Retry-After is compared with. */
  async post(
    url: string,
    headers: Readonly<Record<string, string>>,
    body: string,
    nowMs: number,
  ): Promise<Answer> {
    const signal = AbortSignal.timeout(this.options.timeoutMs);
    try {
      const answer = await request(url, { dispatcher: this.agent, method: 'POST', headers, body, signal });
      const { statusCode: status } = answer;
      // The status decides; a body that is too long, too slow or breaks off only costs the connection.
      await answer.body.dump({ limit: MOST_BYTES, signal }).catch(() => undefined);
      return { answered: true, status, retryAfterMs: retryAfterOf(answer.headers['retry-after'], nowMs) };
    } catch (error) {
      return { answered: false, fault: signal.aborted ? 'timeout' : faultOf(error) };
    }
  }

  async close(): Promise<void> {
    await this.agent.destroy();
  }
}

/** Delta seconds or an HTTP date (RFC 9110 §10.2.3), in milliseconds from `nowMs`; null when there is none. */
const retryAfterOf = (header: string | string[] | undefined, nowMs: number): number | null => {
  const value = Array.isArray(header) ? header[0] : header;
  if (value === undefined) return null;
  const waitMs = /^\d{1,9}$/.test(value) ? Number(value) * 1000 : Date.parse(value) - nowMs;
  return Number.isFinite(waitMs) ? Math.max(0, waitMs) : null;
};

/** By the codes of Node and undici; their messages may hold anything. */
const faultOf = (error: unknown): SendFault => {
  for (let at: unknown = error; at instanceof Error; at = at.cause) {
    if (at instanceof AddressNotAllowed) return 'address_not_allowed';
    // Several addresses were tried (happy eyeballs): the first one's fault stands for all.
    if (at instanceof AggregateError && at.errors[0] !== undefined) return faultOf(at.errors[0]);
    if (at.name === 'HTTPParserError') return 'not_http';
    if (!('code' in at) || typeof at.code !== 'string') continue;
    if (NO_NAME.test(at.code)) return 'name_not_found';
    if (TLS.test(at.code)) return 'tls_error';
    if (NOT_HTTP.test(at.code)) return 'not_http';
    if (TIMEOUT.test(at.code)) return 'timeout';
  }
  return 'no_connection';
};
