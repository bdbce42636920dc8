import { SextonError } from '../../errors/sexton-error.js';
import { laterError } from './failures.js';
import type { Transport, UpstreamRequest, UpstreamResponse } from './transport.js';

/**
 * Sees every exchange once: method, path (without the query, where secrets may stand), status (null when there was no
 * answer), code of the failure, milliseconds.
 */
export type ExchangeObserver = (exchange: {
  readonly method: string;
  readonly path: string;
  readonly status: number | null;
  readonly code: string | null;
  readonly ms: number;
}) => void;

/**
 * One exchange with a registry, told to `observe`. Answers that say "later" are errors, and so is what `judge` throws
 * for others.
 */
export const observedExchange = async (
  transport: Transport,
  registry: string,
  request: UpstreamRequest,
  signal: AbortSignal,
  observe: ExchangeObserver,
  judge: (response: UpstreamResponse) => void = () => undefined,
): Promise<UpstreamResponse> => {
  const began = performance.now();
  let status: number | null = null;
  const told = (code: string | null): void => {
    const path = new URL(request.url).pathname;
    observe({ method: request.method, path, status, code, ms: performance.now() - began });
  };
  try {
    const response = await transport.exchange(request, signal);
    status = response.status;
    const later = laterError(response, registry, Date.now());
    if (later) throw later;
    judge(response);
    told(null);
    return response;
  } catch (error) {
    if (error instanceof SextonError) told(error.code);
    throw error;
  }
};
