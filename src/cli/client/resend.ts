import { DelegateBackoff, handleWhen, retry } from 'cockatiel';
import { EXIT } from '../exit-codes.js';
import { RemoteError } from './remote-error.js';

/** The request was not sent at all. */
const NOT_SENT = ['ECONNREFUSED', 'EAI_AGAIN', 'UND_ERR_CONNECT_TIMEOUT', 'EHOSTUNREACH', 'ENETUNREACH'];
/** It may have arrived, and what was asked for may have been done. */
const LOST = ['ECONNRESET', 'EPIPE', 'ETIMEDOUT', 'UND_ERR_SOCKET'];
/** Five minutes without an answer; another five would help nobody. */
const SLOW = 'UND_ERR_HEADERS_TIMEOUT';

const ATTEMPTS_AFTER_THE_FIRST = 4;
const BASE_MS = 200;
const LONGEST_WAIT_MS = 60_000;

/** A connection that did not come about, or broke before the answer. */
class NoAnswer extends Error {
  constructor(readonly reason: string) {
    super(reason);
  }
}

/**
 * `fetch` that sends again what can be sent again without harm: reads, and what carries an `Idempotency-Key`; anything
 * else only when it never left. Waits 0.2, 0.4, 0.8 and 1.6 seconds, or as `Retry-After` says. Throws `RemoteError`.
 */
export const resendingFetch =
  (url: string) =>
  async (request: Request): Promise<Response> => {
    const isHarmless = request.method === 'GET' || request.headers.has('idempotency-key');
    const policy = retry(
      handleWhen((error) => error instanceof NoAnswer && isPassing(error.reason, isHarmless)).orWhenResult(
        (result) => result instanceof Response && isWorthWaiting(result, isHarmless),
      ),
      { maxAttempts: ATTEMPTS_AFTER_THE_FIRST, backoff: new DelegateBackoff(waitMs) },
    );
    try {
      return await policy.execute(() => send(request.clone()), request.signal);
    } catch (error) {
      request.signal.throwIfAborted();
      if (!(error instanceof NoAnswer)) throw error;
      throw unreachable(url, error.reason, request);
    }
  };

const send = async (request: Request): Promise<Response> => {
  try {
    return await fetch(request);
  } catch (error) {
    if (request.signal.aborted) throw error;
    throw new NoAnswer(reasonOf(error));
  }
};

const isPassing = (reason: string, isHarmless: boolean): boolean =>
  NOT_SENT.includes(reason) || (isHarmless && LOST.includes(reason));

/** 429 was not carried out; a gateway's own 502, 503 or 504 says nothing of whether it was. */
const isWorthWaiting = (response: Response, isHarmless: boolean): boolean => {
  if (response.status === 429) return (retryAfterMs(response) ?? 0) <= LONGEST_WAIT_MS;
  const isGateways = !(response.headers.get('content-type') ?? '').startsWith('application/problem+json');
  return isHarmless && [502, 503, 504].includes(response.status) && isGateways;
};

const waitMs = ({ attempt, result }: { attempt: number; result: unknown }): number => {
  const asked = typeof result === 'object' && result !== null && 'value' in result ? result.value : null;
  return (asked instanceof Response ? retryAfterMs(asked) : null) ?? BASE_MS * 2 ** (attempt - 1);
};

const retryAfterMs = (response: Response): number | null => {
  const seconds = response.headers.get('retry-after');
  return seconds !== null && /^\d{1,6}$/.test(seconds) ? Number(seconds) * 1000 : null;
};

/** The code of what is at the bottom of it. */
export const reasonOf = (error: unknown): string => {
  if (!(error instanceof Error)) return 'unknown';
  if (error instanceof AggregateError && error.errors.length > 0) return reasonOf(error.errors[0]);
  if (error.cause !== undefined) return reasonOf(error.cause);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
};

const unreachable = (url: string, reason: string, request: Request): RemoteError => {
  const mayHaveArrived = request.method !== 'GET' && (LOST.includes(reason) || reason === SLOW);
  const message = mayHaveArrived
    ? `The connection to ${url} broke before the answer (${reason}): the request may have been accepted. ${lookAgain(request)}`
    : `Sexton does not answer at ${url} (${reason}). Is it running, and is SEXTON_URL right?`;
  return new RemoteError('unreachable', message, EXIT.unavailable);
};

/** How to find out what became of a request whose answer was lost. */
const lookAgain = (request: Request): string => {
  const key = request.headers.get('idempotency-key');
  if (key !== null) return `Run the same command with --idempotency-key ${key}: it is not done twice.`;
  const [, kind, id] =
    /\/v1\/(deletions|collections)(?:\/([^/]+))?/.exec(new URL(request.url).pathname) ?? [];
  if (kind === 'deletions' && id) return `Look with: sexton status ${id}`;
  if (kind === 'collections') return `Look with: sexton collect ${id ? `status ${id}` : 'list'}`;
  return 'Look at the list before you do it again.';
};
