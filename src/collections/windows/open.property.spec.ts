import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { closesAt, isOpen, nextOpening } from './open.js';
import { WEEKDAYS, type WindowRules } from './rules.js';

const MINUTE = 60_000;
const DAYS_SEEN = 4;

// Half hours, changes at midnight, both hemispheres, a change of half an hour, a zone without any.
const ZONES = [
  'UTC',
  'Europe/Berlin',
  'America/New_York',
  'America/Santiago',
  'Australia/Lord_Howe',
  'Asia/Kolkata',
  'Africa/Cairo',
  'Pacific/Apia',
];

/** Beginnings near what makes trouble, with the zone that has it: changes of the clocks, a day that never was, a leap day. */
const STARTS = [
  ['2026-03-28T12:00:00Z', 'Europe/Berlin'],
  ['2026-10-24T12:00:00Z', 'Europe/Berlin'],
  ['2026-03-07T12:00:00Z', 'America/New_York'],
  ['2026-10-31T12:00:00Z', 'America/New_York'],
  ['2026-04-04T00:00:00Z', 'Australia/Lord_Howe'],
  ['2026-10-03T00:00:00Z', 'Australia/Lord_Howe'],
  ['2026-09-05T12:00:00Z', 'America/Santiago'],
  ['2026-04-23T12:00:00Z', 'Africa/Cairo'],
  ['2011-12-29T00:00:00Z', 'Pacific/Apia'],
  ['2026-12-31T00:00:00Z', 'Asia/Kolkata'],
  ['2028-02-28T00:00:00Z', 'UTC'],
] as const;

const clocks = new Map<string, Intl.DateTimeFormat>();

/** What the wall says, by the platform's own formatter: nothing of the code under test. */
const wall = (timeZone: string, ms: number) => {
  const format =
    clocks.get(timeZone) ??
    new Intl.DateTimeFormat('en-CA', {
      timeZone,
      hourCycle: 'h23',
      weekday: 'short',
      year: 'numeric',
      month: '2-digit',
      day: '2-digit',
      hour: '2-digit',
      minute: '2-digit',
    });
  clocks.set(timeZone, format);
  const parts = Object.fromEntries(format.formatToParts(ms).map(({ type, value }) => [type, value]));
  const weekday = WEEKDAYS.findIndex((day) => parts['weekday']?.toLowerCase().startsWith(day));
  return {
    date: `${parts['year']}-${parts['month']}-${parts['day']}`,
    weekday,
    minute: Number(parts['hour']) * 60 + Number(parts['minute']),
  };
};

/** The model: the clock on the wall, minute by minute. */
const openOnTheWall = ({ windows, blackouts }: WindowRules, ms: number): boolean =>
  windows.some(({ days, startMinute, endMinute, timezone }) => {
    const { date, weekday, minute } = wall(timezone, ms);
    if (blackouts.some(({ from, until }) => date >= from && date <= until)) return false;
    const has = (day: number): boolean => days.some((each) => WEEKDAYS.indexOf(each) === (day + 7) % 7);
    if (startMinute < endMinute) return has(weekday) && startMinute <= minute && minute < endMinute;
    return (has(weekday) && startMinute <= minute) || (has(weekday - 1) && minute < endMinute);
  });

const rulesNear = (start: number, zone: string): fc.Arbitrary<WindowRules> =>
  fc.record({
    windows: fc.array(
      fc
        .record({
          days: fc.oneof(
            fc.constant(WEEKDAYS),
            fc.uniqueArray(fc.constantFrom(...WEEKDAYS), { minLength: 1 }),
          ),
          startMinute: fc.oneof(fc.integer({ min: 0, max: 1439 }), fc.integer({ min: 0, max: 239 })),
          endMinute: fc.oneof(fc.integer({ min: 1, max: 1440 }), fc.integer({ min: 1, max: 240 })),
          timezone: fc.oneof(fc.constant(zone), fc.constantFrom(...ZONES)),
        })
        .filter(({ startMinute, endMinute }) => startMinute !== endMinute),
      { minLength: 1, maxLength: 3 },
    ),
    blackouts: fc.array(
      fc.integer({ min: -1, max: DAYS_SEEN }).map((n) => {
        const date = new Date(start + n * 1440 * MINUTE).toISOString().slice(0, 10);
        return { from: date, until: date };
      }),
      { maxLength: 2 },
    ),
  });

const someNight = fc.constantFrom(...STARTS).chain(([text, zone]) => {
  const start = Date.parse(text);
  return fc.tuple(rulesNear(start, zone), fc.constant(start));
});

describe('windows, compared with a clock on the wall, minute by minute', () => {
  it('open and close exactly when it says so', () => {
    fc.assert(
      fc.property(someNight, ([rules, start]) => {
        const minutes = Array.from({ length: DAYS_SEEN * 1440 }, (_, n) => start + n * MINUTE);
        const open = minutes.map((ms) => openOnTheWall(rules, ms));
        let opening = -1;
        let closing = -1;
        for (let n = minutes.length - 1; n >= 0; n -= 1) {
          const ms = minutes[n] ?? 0;
          if (open[n]) opening = n;
          else closing = n;
          expect(isOpen(rules, ms)).toBe(open[n]);
          // The whole answer is asked for at every change, and here and there between.
          if (open[n] === open[n - 1] && n % 97 !== 0) continue;
          if (opening >= 0) expect(nextOpening(rules, ms)).toBe(minutes[opening]);
          if (open[n] && closing >= 0) expect(closesAt(rules, ms)).toBe(minutes[closing]);
          if (!open[n]) expect(closesAt(rules, ms)).toBeNull();
        }
      }),
      { numRuns: 25 },
    );
  });
});
