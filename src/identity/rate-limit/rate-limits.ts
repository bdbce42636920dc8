import { Batches } from '../../batches/batches.js';
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
  private readonly requests: Batches<string, Allowance>;
  private readonly failures: Batches<string, Allowance>;

  constructor({ requests, failedLogins, perSeconds }: RateLimitOptions, redis: AnyRedis | null) {
    this.requests = counterOf('caller', limiterOf('caller', requests, perSeconds, redis));
    this.failures = counterOf('failed-logins', limiterOf('failed-logins', failedLogins, perSeconds, redis));
  }

  /** Counts one request of a caller. */
  request(callerId: string): Promise<Allowance> {
    return this.requests.ask(callerId);
  }

  /** Counts one failed log-in of an address. */
  failedLogin(address: string | null): Promise<Allowance> {
    return this.failures.ask(address ?? 'unknown');
  }
}

/** Counts what one caller asks at one moment in one step, and tells each what was left when it was its turn. */
const counterOf = (policy: string, limiter: RateLimiterAbstract): Batches<string, Allowance> =>
  new Batches(
    async (keys) => {
      const callers = new Map<string, { times: number; counted: Promise<RateLimiterRes> | null }>();
      const turns = keys.map((key) => {
        const caller = callers.get(key) ?? { times: 0, counted: null };
        callers.set(key, caller);
        caller.times += 1;
        return { key, caller, turn: caller.times };
      });
      return turns.map(async ({ key, caller, turn }) => {
        const { consumedPoints, msBeforeNext } = await (caller.counted ??= count(limiter, key, caller.times));
        const consumed = consumedPoints - caller.times + turn;
        return {
          policy,
          quota: limiter.points,
          windowSeconds: limiter.duration,
          remaining: Math.max(0, limiter.points - consumed),
          resetMs: msBeforeNext,
          isExceeded: consumed > limiter.points,
        };
      });
    },
    // Of a Redis that hangs each request waits for two counts at most: the one under way, and its own.
    { mostUnderWay: 2, largest: 1_000 },
  );

const count = (limiter: RateLimiterAbstract, key: string, times: number): Promise<RateLimiterRes> =>
  limiter.consume(key, times).catch((error: unknown) => {
    // So it says that there are too many.
    if (error instanceof RateLimiterRes) return error;
    throw error;
  });

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
