import { MINUTES_A_DAY, type Blackout, type TimeWindow, type WindowRules } from './rules.js';
import { nextOnClock, wallClockAt } from './wall-clock.js';

const DAY_MS = 86_400_000;

/** How far ahead an opening is looked for: a year with every day blacked out has none. */
const HORIZON_MS = 370 * DAY_MS;

const isBlackedOut = (blackouts: readonly Blackout[], date: string): boolean =>
  blackouts.some(({ from, until }) => from <= date && date <= until);

const isWindowOpen = (window: TimeWindow, blackouts: readonly Blackout[], atMs: number): boolean => {
  const { date, weekday, dayBefore, msOfDay } = wallClockAt(window.timezone, atMs);
  if (isBlackedOut(blackouts, date)) return false;
  const minute = msOfDay / 60_000;
  const { days, startMinute, endMinute } = window;
  if (startMinute < endMinute) return days.includes(weekday) && minute >= startMinute && minute < endMinute;
  return (
    (days.includes(weekday) && minute >= startMinute) || (days.includes(dayBefore) && minute < endMinute)
  );
};

/**
 * Whether a window is open: exactly when the clock on the wall of its time zone shows a time in it. So over a change to
 * summer time, what the clock skips is not open; over the change back, what it shows twice is open twice.
 */
export const isOpen = ({ windows, blackouts }: WindowRules, atMs: number): boolean =>
  windows.some((window) => isWindowOpen(window, blackouts, atMs));

/** The next instant at which `isOpen` could change. */
const nextChange = ({ windows }: WindowRules, atMs: number): number =>
  Math.min(
    ...windows.map(({ timezone, startMinute, endMinute }) =>
      nextOnClock(timezone, atMs, [startMinute, endMinute % MINUTES_A_DAY]),
    ),
  );

const firstFrom = (rules: WindowRules, atMs: number, wanted: boolean): number | null => {
  for (let at = atMs; at <= atMs + HORIZON_MS; at = nextChange(rules, at)) {
    if (isOpen(rules, at) === wanted) return at;
  }
  return null;
};

/** The first instant, from `atMs` on, at which a window is open; null where none is within a year. */
export const nextOpening = (rules: WindowRules, atMs: number): number | null => firstFrom(rules, atMs, true);

/** When what is open at `atMs` closes; null where it is not open, or is open for ever. */
export const closesAt = (rules: WindowRules, atMs: number): number | null =>
  isOpen(rules, atMs) ? firstFrom(rules, atMs, false) : null;

/** One instant for every moment of the window that is open: when it closes, or where it never does, the day's end in UTC. */
export const windowUntil = (rules: WindowRules, atMs: number): number | null => {
  if (!isOpen(rules, atMs)) return null;
  return closesAt(rules, atMs) ?? (Math.floor(atMs / DAY_MS) + 1) * DAY_MS;
};

export interface Opening {
  readonly opensMs: number;
  /** Null where it never closes. */
  readonly closesMs: number | null;
}

/** The window that is open at `atMs`, or the next. */
export const currentOrNext = (rules: WindowRules, atMs: number): Opening | null => {
  const opensMs = nextOpening(rules, atMs);
  return opensMs === null ? null : { opensMs, closesMs: closesAt(rules, opensMs) };
};
