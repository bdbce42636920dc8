import type { AnyRedis } from '../../queue/redis.js';
import {
  RateLimiterMemory,
  RateLimiterRedis,
  RateLimiterRes,
  type RateLimiterAbstract,
} from 'rate-limiter-flexible';
import type { RateLimitOptions } from './rate-limit-options.js';

/** What is left to somebody of a window. */
export interface Allowance {
  /** Name of the policy, as it stands in the headers. */
  readonly policy: string;
  readonly quota: number;
  readonly windowSeconds: number;
  readonly remaining: number;
  /** Until the window begins anew, in milliseconds. */
  readonly resetMs: number;
  readonly isExceeded: boolean;
}

/**
 * Counts requests of callers and failed log-ins of addresses: for all processes on Redis, or in this process without
 * one and while Redis is away.
 */
export class RateLimits {
  private readonly requests: RateLimiterAbstract;
  private readonly failures: RateLimiterAbstract;

  constructor(
    private readonly options: RateLimitOptions,
    redis: AnyRedis | null,
  ) {
    this.requests = limiterOf('caller', options.requests, options.perSeconds, redis);
    this.failures = limiterOf('failed-logins', options.failedLogins, options.perSeconds, redis);
  }

  /** Counts one request of a caller. */
  request(callerId: string): Promise<Allowance> {
    return this.count('caller', this.requests, callerId);
  }

  /** Counts one failed log-in of an address. */
  failedLogin(address: string | null): Promise<Allowance> {
    return this.count('failed-logins', this.failures, address ?? 'unknown');
  }

  private async count(policy: string, limiter: RateLimiterAbstract, key: string): Promise<Allowance> {
    const { result, isExceeded } = await limiter.consume(key).then(
      (left) => ({ result: left, isExceeded: false }),
      (error: unknown) => {
        if (error instanceof RateLimiterRes) return { result: error, isExceeded: true };
        throw error;
      },
    );
    return {
      policy,
      quota: limiter.points,
      windowSeconds: this.options.perSeconds,
      remaining: result.remainingPoints,
      resetMs: result.msBeforeNext,
      isExceeded,
    };
  }
}

const limiterOf = (
  name: string,
  points: number,
  duration: number,
  redis: AnyRedis | null,
): RateLimiterAbstract => {
  const inProcess = new RateLimiterMemory({ keyPrefix: name, points, duration });
  if (redis === null) return inProcess;
  return new RateLimiterRedis({
    storeClient: redis,
    keyPrefix: `{sexton}:rate:${name}`,
    points,
    duration,
    rejectIfRedisNotReady: true,
    insuranceLimiter: inProcess,
  });
};
