import {
  BrokenCircuitError,
  circuitBreaker,
  ConsecutiveBreaker,
  DelegateBackoff,
  handleWhen,
  retry,
  wrap,
} from 'cockatiel';
import { SextonError } from '../../errors/sexton-error.js';
import type { RegistryOptions } from '../registry-options.js';
import { FaultyAnswer } from './failures.js';

const FAILURES_TO_OPEN = 8;
const HALF_OPEN_AFTER_MS = 5_000;

/**
 * Patience with one registry: repeats with full jitter what "later" may mend, honouring Retry-After up to the longest
 * wait; and a circuit breaker, so that a dead registry parks its work instead of burning attempts.
 */
export class Patience {
  private readonly breaker = circuitBreaker(
    handleWhen((error) => error instanceof SextonError && error.code === 'upstream_unavailable'),
    { halfOpenAfter: HALF_OPEN_AFTER_MS, breaker: new ConsecutiveBreaker(FAILURES_TO_OPEN) },
  );
  private readonly policy;

  constructor(
    private readonly options: RegistryOptions,
    random: () => number = Math.random,
  ) {
    const worthwhile = handleWhen(
      (error) =>
        error instanceof FaultyAnswer ||
        (error instanceof SextonError &&
          (error.code === 'upstream_unavailable' || error.code === 'upstream_rate_limited') &&
          (error.retryAfterMs ?? 0) <= options.retryMaxMs),
    );
    const backoff = new DelegateBackoff<{ attempt: number; result: object }>(({ attempt, result }) => {
      const error = 'error' in result ? result.error : null;
      const asked = error instanceof SextonError ? (error.retryAfterMs ?? 0) : 0;
      const ceiling = Math.min(options.retryMaxMs, options.retryBaseMs * 2 ** (attempt - 1));
      return Math.max(asked, ceiling * random());
    });
    this.policy = wrap(retry(worthwhile, { maxAttempts: options.attempts - 1, backoff }), this.breaker);
  }

  /** Runs `exchange` until it succeeds, cannot be mended by waiting, or the tries are used up. */
  async withRetries<T>(exchange: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.patiently(() => this.policy.execute(exchange, signal), signal);
  }

  /** Runs `exchange` once, for what must not be repeated blindly; the breaker still counts it. */
  async once<T>(exchange: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return this.patiently(() => this.breaker.execute(exchange, signal), signal);
  }

  /** An abort ends the wait at once; the policy then sees it and sends nothing more. */
  private async patiently<T>(run: () => Promise<T>, signal: AbortSignal): Promise<T> {
    signal.throwIfAborted();
    let onAbort = (): void => undefined;
    const aborted = new Promise<never>((_, reject) => {
      onAbort = () => reject(signal.reason instanceof Error ? signal.reason : new Error('aborted'));
      signal.addEventListener('abort', onAbort, { once: true });
    });
    try {
      return await Promise.race([run(), aborted]);
    } catch (error) {
      if (error instanceof BrokenCircuitError) {
        throw new SextonError('upstream_unavailable', {
          detail: `Registry ${this.options.name} failed ${FAILURES_TO_OPEN} times in a row and is left alone for a moment`,
          retryAfterMs: HALF_OPEN_AFTER_MS,
          cause: error,
        });
      }
      throw error;
    } finally {
      signal.removeEventListener('abort', onAbort);
    }
  }
}

/** Whether nothing was sent, because the registry failed so often in a row that it is left alone for a moment. */
export const isLeftAlone = (error: SextonError): boolean => error.cause instanceof BrokenCircuitError;
