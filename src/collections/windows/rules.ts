export const WEEKDAYS = ['mon', 'tue', 'wed', 'thu', 'fri', 'sat', 'sun'] as const;

export type Weekday = (typeof WEEKDAYS)[number];

export const MINUTES_A_DAY = 24 * 60;

/**
 * A weekly range on the clock of one time zone. `endMinute` is not in it; where it is not after `startMinute`, the
 * range goes over midnight into the day after each of `days`.
 */
export interface TimeWindow {
  readonly days: readonly Weekday[];
  /** Minutes since 00:00 on the wall clock. */
  readonly startMinute: number;
  /** Up to 1440, which is 24:00. */
  readonly endMinute: number;
  /** IANA name, such as Europe/Berlin. */
  readonly timezone: string;
}

/** Days on which no window is open, in each window's own time zone; both ends included, as YYYY-MM-DD. */
export interface Blackout {
  readonly from: string;
  readonly until: string;
}

/** When collection may run. Without windows it never may by itself. */
export interface WindowRules {
  readonly windows: readonly TimeWindow[];
  readonly blackouts: readonly Blackout[];
}
