import { describe, expect, it } from 'vitest';
import { closesAt, currentOrNext, isOpen, nextOpening } from './open.js';
import { WEEKDAYS, type Blackout, type TimeWindow, type WindowRules } from './rules.js';

const minuteOf = (clock: string): number => {
  const [hours = 0, minutes = 0] = clock.split(':').map(Number);
  return hours * 60 + minutes;
};

const window = (
  days: readonly (typeof WEEKDAYS)[number][],
  start: string,
  end: string,
  timezone = 'UTC',
): TimeWindow => ({ days, startMinute: minuteOf(start), endMinute: minuteOf(end), timezone });

const rules = (windows: readonly TimeWindow[], blackouts: readonly Blackout[] = []): WindowRules => ({
  windows,
  blackouts,
});

const at = (iso: string): number => Date.parse(iso);
const iso = (ms: number | null): string | null => (ms === null ? null : new Date(ms).toISOString());

const weekend = rules([window(['sat', 'sun'], '02:00', '06:00', 'Asia/Shanghai')]);
const overMidnight = rules([window(['fri'], '22:00', '04:00')]);
const everyNight = (start: string, end: string) => rules([window(WEEKDAYS, start, end, 'Europe/Berlin')]);

describe('a window is open', () => {
  it.each([
    // 2026-11-28 is a Saturday; Shanghai is eight hours ahead.
    [weekend, '2026-11-27T17:59:59.999Z', false],
    [weekend, '2026-11-27T18:00:00.000Z', true],
    [weekend, '2026-11-27T21:59:59.999Z', true],
    [weekend, '2026-11-27T22:00:00.000Z', false],
    [weekend, '2026-11-28T18:00:00.000Z', true],
    [weekend, '2026-11-29T18:00:00.000Z', false],
    // Over midnight: Friday's window reaches into Saturday, and nothing begins on Saturday.
    [overMidnight, '2026-11-27T21:59:59.999Z', false],
    [overMidnight, '2026-11-27T22:00:00.000Z', true],
    [overMidnight, '2026-11-28T03:59:59.999Z', true],
    [overMidnight, '2026-11-28T04:00:00.000Z', false],
    [overMidnight, '2026-11-27T03:00:00.000Z', false],
    [overMidnight, '2026-11-28T23:00:00.000Z', false],
    // A whole day.
    [rules([window(['mon'], '00:00', '24:00')]), '2026-11-23T00:00:00.000Z', true],
    [rules([window(['mon'], '00:00', '24:00')]), '2026-11-23T23:59:59.999Z', true],
    [rules([window(['mon'], '00:00', '24:00')]), '2026-11-24T00:00:00.000Z', false],
    [rules([]), '2026-11-23T00:00:00.000Z', false],
  ])('%#: %o at %s: %s', (given, when, expected) => {
    expect(isOpen(given, at(when))).toBe(expected);
  });
});

describe('the next opening', () => {
  it.each([
    [weekend, '2026-11-23T10:00:00Z', '2026-11-27T18:00:00.000Z', '2026-11-27T22:00:00.000Z'],
    [weekend, '2026-11-27T19:30:00Z', '2026-11-27T19:30:00.000Z', '2026-11-27T22:00:00.000Z'],
    [overMidnight, '2026-11-23T10:00:00Z', '2026-11-27T22:00:00.000Z', '2026-11-28T04:00:00.000Z'],
    // Windows that touch are one.
    [
      rules([window(['sat'], '22:00', '24:00'), window(['sun'], '00:00', '03:00')]),
      '2026-11-28T21:00:00Z',
      '2026-11-28T22:00:00.000Z',
      '2026-11-29T03:00:00.000Z',
    ],
  ])('%#: from %o at %s is %s until %s', (given, from, opens, closes) => {
    expect(iso(nextOpening(given, at(from)))).toBe(opens);
    expect(iso(closesAt(given, at(opens)))).toBe(closes);
  });

  it('is not there without windows, and where every day is blacked out', () => {
    expect(nextOpening(rules([]), at('2026-11-23T10:00:00Z'))).toBeNull();
    const always = rules(weekend.windows, [{ from: '2026-01-01', until: '2099-12-31' }]);
    expect(currentOrNext(always, at('2026-11-23T10:00:00Z'))).toBeNull();
  });

  it('of what is always open never closes', () => {
    const always = rules([window(WEEKDAYS, '00:00', '24:00')]);
    const now = at('2026-11-23T10:00:00Z');
    expect(currentOrNext(always, now)).toEqual({ opensMs: now, closesMs: null });
  });
});

describe('a blackout', () => {
  it('takes whole days of the window’s own zone, also the part after midnight', () => {
    const dark = rules(overMidnight.windows, [{ from: '2026-11-28', until: '2026-11-28' }]);
    expect(isOpen(dark, at('2026-11-27T23:59:59.999Z'))).toBe(true);
    expect(isOpen(dark, at('2026-11-28T00:00:00Z'))).toBe(false);
    expect(iso(closesAt(dark, at('2026-11-27T23:00:00Z')))).toBe('2026-11-28T00:00:00.000Z');
    const inShanghai = rules(weekend.windows, [{ from: '2026-11-28', until: '2026-11-29' }]);
    expect(iso(nextOpening(inShanghai, at('2026-11-23T10:00:00Z')))).toBe('2026-12-04T18:00:00.000Z');
  });
});

describe('over a change of the clocks', () => {
  // Berlin 2026: 29 March 02:00 becomes 03:00 (01:00Z); 25 October 03:00 becomes 02:00 (01:00Z).
  it('forward, the hour that the clock skips is not open', () => {
    expect(currentOrNextIso(everyNight('01:30', '03:30'), '2026-03-28T23:00:00Z')).toEqual([
      '2026-03-29T00:30:00.000Z',
      '2026-03-29T01:30:00.000Z',
    ]);
    // Begins in what is skipped: opens when the clock has jumped past its beginning.
    expect(currentOrNextIso(everyNight('02:30', '05:00'), '2026-03-28T23:00:00Z')).toEqual([
      '2026-03-29T01:00:00.000Z',
      '2026-03-29T03:00:00.000Z',
    ]);
    // Ends in what is skipped: closes when the clock jumps.
    expect(currentOrNextIso(everyNight('01:00', '02:30'), '2026-03-28T23:00:00Z')).toEqual([
      '2026-03-29T00:00:00.000Z',
      '2026-03-29T01:00:00.000Z',
    ]);
    // All of it is skipped: that night has none.
    expect(currentOrNextIso(everyNight('02:00', '02:45'), '2026-03-28T23:00:00Z')).toEqual([
      '2026-03-30T00:00:00.000Z',
      '2026-03-30T00:45:00.000Z',
    ]);
  });

  it('back, what the clock shows twice is open twice', () => {
    expect(currentOrNextIso(everyNight('02:00', '06:00'), '2026-10-24T22:00:00Z')).toEqual([
      '2026-10-25T00:00:00.000Z',
      '2026-10-25T05:00:00.000Z',
    ]);
    const half = everyNight('01:00', '02:30');
    expect(currentOrNextIso(half, '2026-10-24T22:00:00Z')).toEqual([
      '2026-10-24T23:00:00.000Z',
      '2026-10-25T00:30:00.000Z',
    ]);
    expect(currentOrNextIso(half, '2026-10-25T00:30:00Z')).toEqual([
      '2026-10-25T01:00:00.000Z',
      '2026-10-25T01:30:00.000Z',
    ]);
  });
});

const currentOrNextIso = (given: WindowRules, from: string) => {
  const found = currentOrNext(given, at(from));
  return found && [iso(found.opensMs), iso(found.closesMs)];
};
