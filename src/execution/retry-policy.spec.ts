import fc from 'fast-check';
import pg from 'pg';
import { describe, expect, it } from 'vitest';
import { SextonError } from '../errors/sexton-error.js';
import { nextAttemptAt } from './backoff.js';
import { asSextonError, RetryPolicy } from './retry-policy.js';

const limits = { planAttempts: 3, targetAttempts: 5, retryBaseMs: 100, retryMaxMs: 1_000 };
const NOW = new Date('2026-01-01T00:00:00Z');
const policy = new RetryPolicy(
  limits,
  () => undefined,
  () => NOW,
  () => 0.5,
);

describe('another try', () => {
  it('comes only after what trying again can mend', () => {
    for (const code of [
      'upstream_unavailable',
      'upstream_timeout',
      'upstream_rate_limited',
      'registry_read_only',
    ] as const) {
      expect(policy.decide(new SextonError(code), 0, 'plan').retryAt).not.toBeNull();
    }
    for (const code of [
      'upstream_tls_error',
      'upstream_forbidden',
      'delete_disabled',
      'digest_mismatch',
      'internal_error',
    ] as const) {
      expect(policy.decide(new SextonError(code), 0, 'plan').retryAt).toBeNull();
    }
  });

  it('comes as often as is allowed, and not once more', () => {
    const error = new SextonError('upstream_timeout');
    expect(policy.decide(error, 1, 'plan').retryAt).not.toBeNull();
    expect(policy.decide(error, 2, 'plan').retryAt).toBeNull();
    expect(policy.decide(error, 3, 'execute').retryAt).not.toBeNull();
  });

  it('comes for ever where it was the database that did not work, and uses up no attempt', () => {
    for (const thrown of [
      new Error('Connection terminated unexpectedly'),
      Object.assign(new Error('connect ECONNREFUSED 127.0.0.1:5432'), { code: 'ECONNREFUSED' }),
      Object.assign(new pg.DatabaseError('could not extend file', 1, 'error'), { code: '53100' }),
      Object.assign(new pg.DatabaseError('the database system is starting up', 1, 'error'), {
        code: '57P03',
      }),
    ]) {
      const error = asSextonError(thrown, () => expect.fail('is not unexpected'));
      expect(error.code).toBe('database_unavailable');
      expect(policy.decide(error, 1_000, 'plan')).toMatchObject({
        attempts: 1_000,
        retryAt: expect.any(Date) as Date,
      });
    }
    for (const code of ['23505', '22P02', '42703']) {
      const ours = Object.assign(new pg.DatabaseError('a fault of ours', 1, 'error'), { code });
      expect(asSextonError(ours, () => undefined).code).toBe('internal_error');
    }
  });

  it('never comes before the registry wants it, and never waits longer than the longest wait otherwise', () => {
    fc.assert(
      fc.property(
        fc.nat(50),
        fc.option(fc.nat(100_000)),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempt, asked, random) => {
          const wait = nextAttemptAt(attempt, NOW, limits, asked, random).getTime() - NOW.getTime();
          expect(wait).toBeGreaterThanOrEqual(asked ?? 0);
          expect(wait).toBeLessThanOrEqual(Math.max(asked ?? 0, limits.retryMaxMs));
        },
      ),
    );
  });
});
