import { z } from 'zod';

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const DURATION = /^(\d{1,9})(ms|s|m|h|d)$/;
/** Timers hold at most 2^31 - 1 ms, some 24.8 days; what is longer would fire at once. */
const LONGEST_MS = 24 * 86_400_000;

/** Milliseconds of `250ms`, `30s`, `5m`, `2h` or `7d`; null for anything else. */
export const parseDuration = (text: string): number | null => {
  const [, count, unit] = DURATION.exec(text) ?? [];
  return count === undefined || unit === undefined ? null : Number(count) * (UNITS_MS[unit] ?? 0);
};

/** A duration that a timer can hold, of `atLeastMs` or more. */
export const durationOfAtLeast = (atLeastMs: number) =>
  z
    .string()
    .regex(DURATION, {
      error: 'must be a whole number with a unit: ms, s, m, h or d, such as 30s',
      abort: true,
    })
    .refine((text) => (parseDuration(text) ?? 0) >= atLeastMs && (parseDuration(text) ?? 0) <= LONGEST_MS, {
      error: `must be from ${atLeastMs}ms to 24d`,
    });

export const durationSchema = durationOfAtLeast(1);

/** A duration that no timer holds, such as a retention: up to ten years, and 0s. */
export const longDurationSchema = z
  .string()
  .regex(DURATION, {
    error: 'must be a whole number with a unit: ms, s, m, h or d, such as 7d',
    abort: true,
  })
  .refine((text) => (parseDuration(text) ?? 0) <= 3_650 * 86_400_000, { error: 'must be at most 3650d' });
