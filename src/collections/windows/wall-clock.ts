import { IANAZone } from 'luxon';
import { WEEKDAYS, type Weekday } from './rules.js';

const MINUTE_MS = 60_000;
const DAY_MS = 86_400_000;

/** What calendar and clock on a wall say, somewhere at some time. */
export interface WallClock {
  /** YYYY-MM-DD. */
  readonly date: string;
  readonly weekday: Weekday;
  readonly dayBefore: Weekday;
  readonly msOfDay: number;
}

export const isTimeZone = (name: string): boolean => IANAZone.isValidZone(name);

const offsetMs = (timezone: string, atMs: number): number =>
  IANAZone.create(timezone).offset(atMs) * MINUTE_MS;

const weekdayOf = (localMs: number): Weekday =>
  // 1970-01-01 was a Thursday.
  WEEKDAYS[(((Math.floor(localMs / DAY_MS) + 3) % 7) + 7) % 7] ?? 'mon';

export const wallClockAt = (timezone: string, atMs: number): WallClock => {
  const localMs = atMs + offsetMs(timezone, atMs);
  return {
    date: new Date(localMs).toISOString().slice(0, 10),
    weekday: weekdayOf(localMs),
    dayBefore: weekdayOf(localMs - DAY_MS),
    msOfDay: ((localMs % DAY_MS) + DAY_MS) % DAY_MS,
  };
};

/**
 * When the clock next shows one of `minutes` of a day or is put forward or back, whichever comes first: within a day.
 * Between `atMs` and then, the clock just runs.
 */
export const nextOnClock = (timezone: string, atMs: number, minutes: readonly number[]): number => {
  const { msOfDay } = wallClockAt(timezone, atMs);
  const ahead = minutes.map((minute) => minute * MINUTE_MS - msOfDay).filter((ms) => ms > 0);
  const candidateMs = atMs + Math.min(DAY_MS - msOfDay, ...ahead);
  const before = offsetMs(timezone, atMs);
  if (offsetMs(timezone, candidateMs) === before) return candidateMs;
  // Clocks change once in a day at most; the first instant with the other offset is found by halves.
  let [same, other] = [atMs, candidateMs];
  while (other - same > 1) {
    const middle = Math.floor((same + other) / 2);
    if (offsetMs(timezone, middle) === before) same = middle;
    else other = middle;
  }
  return other;
};
