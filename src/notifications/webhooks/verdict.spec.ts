import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Answer } from './sender.js';
import { verdictOn } from './verdict.js';

const NOW = new Date('2026-11-28T08:00:00Z');
const LIMITS = { attempts: 5, retryBaseMs: 1_000, retryMaxMs: 60_000 };
const answered = (status: number, retryAfterMs: number | null = null): Answer => ({
  answered: true,
  status,
  retryAfterMs,
});

describe('what becomes of a delivery', () => {
  it.each([200, 201, 202, 204])('%i is a yes', (status) => {
    expect(verdictOn(answered(status), 0, NOW, LIMITS, 0)).toEqual({ to: 'delivered' });
  });

  it.each([
    [301, 'redirect'],
    [304, 'redirect'],
    [307, 'redirect'],
    [400, 'status'],
    [401, 'status'],
    [404, 'status'],
    [429, 'status'],
    [500, 'status'],
    [503, 'status'],
  ])('%i is tried again: %s', (status, fault) => {
    expect(verdictOn(answered(status), 0, NOW, LIMITS, 0)).toMatchObject({ to: 'again', fault });
  });

  it('410 ends the webhook, at the first try as at the last', () => {
    for (const attempts of [0, 4]) {
      expect(verdictOn(answered(410), attempts, NOW, LIMITS, 0)).toEqual({ to: 'gone', fault: 'gone' });
    }
  });

  it('without an answer it is tried again, and is dead after the last try', () => {
    const answer: Answer = { answered: false, fault: 'timeout' };
    expect(verdictOn(answer, 3, NOW, LIMITS, 0)).toMatchObject({ to: 'again', fault: 'timeout' });
    expect(verdictOn(answer, 4, NOW, LIMITS, 0)).toEqual({ to: 'dead', fault: 'timeout' });
  });

  it('waits longer each time, never beyond the longest wait, and never less than was asked for within a day', () => {
    fc.assert(
      fc.property(
        fc.nat(3),
        fc.option(fc.nat(10 * 24 * 3_600_000)),
        fc.double({ min: 0, max: 0.999, noNaN: true }),
        (attempts, asked, random) => {
          const verdict = verdictOn(answered(503, asked), attempts, NOW, LIMITS, random);
          if (verdict.to !== 'again') throw new Error(verdict.to);
          const waitMs = verdict.at.getTime() - NOW.getTime();
          const bounded = Math.min(asked ?? 0, 24 * 3_600_000);
          const doubled = LIMITS.retryBaseMs * 2 ** attempts;
          expect(waitMs).toBeGreaterThanOrEqual(Math.max(bounded, doubled / 2));
          expect(waitMs).toBeLessThanOrEqual(Math.max(bounded, doubled));
        },
      ),
    );
  });
});
