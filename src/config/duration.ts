import { z } from 'zod';

const UNITS_MS: Readonly<Record<string, number>> = {
  ms: 1,
  s: 1_000,
  m: 60_000,
  h: 3_600_000,
  d: 86_400_000,
};
const DURATION = /^(\d{1,9})(ms|s|m|h|d)$/;

/** Milliseconds of `250ms`, `30s`, `5m`, `2h` or `7d`; null for anything else. */
export const parseDuration = (text: string): number | null => {
  const [, count, unit] = DURATION.exec(text) ?? [];
  return count === undefined || unit === undefined ? null : Number(count) * (UNITS_MS[unit] ?? 0);
};

export const durationSchema = z
  .string()
  .regex(DURATION, 'must be a whole number with a unit: ms, s, m, h or d, such as 30s');
