import { describe, expect, it } from 'vitest';
import { registryWaitsFor, windowWaitsFor, type Pause, type Stops } from './waiting.js';

const AT = new Date('2026-11-23T10:00:00Z');
const pause = (id: string, registry: string | null): Pause => ({
  id,
  registry,
  by: { id: 'key_1', name: 'olga' },
  reason: 'a test',
  since: AT,
});
const parking = { registry: 'prod', message: 'failed 8 times', since: AT, until: AT };
const stops = (changes: Partial<Stops>): Stops => ({
  atMs: AT.getTime(),
  pauses: [],
  parkings: [],
  ...changes,
});

describe('the work of a registry', () => {
  it.each<[string, Partial<Stops>, object | null]>([
    ['goes on', {}, null],
    ['waits for its pause', { pauses: [pause('a', 'prod')] }, { for: 'pause', pause: 'a' }],
    ['waits for a pause of all', { pauses: [pause('a', null)] }, { for: 'pause', pause: 'a' }],
    ['does not wait for another registry', { pauses: [pause('a', 'test')] }, null],
    [
      'waits for the registry itself',
      { parkings: [parking] },
      { for: 'registry', message: 'failed 8 times' },
    ],
    ['does not wait while another is parked', { parkings: [{ ...parking, registry: 'test' }] }, null],
    ['names people first', { pauses: [pause('a', null)], parkings: [parking] }, { for: 'pause' }],
  ])('%s', (_what, changes, expected) => {
    const waiting = registryWaitsFor(stops(changes), 'prod');
    if (expected === null) expect(waiting).toBeNull();
    else expect(waiting).toMatchObject(expected);
  });
});

describe('a deletion that runs in windows', () => {
  const rules = {
    windows: [{ days: ['mon'], startMinute: 11 * 60, endMinute: 12 * 60, timezone: 'UTC' }],
    blackouts: [],
  } as const;

  it.each<[string, Parameters<typeof windowWaitsFor>[0], string, object | null]>([
    [
      'waits for the next',
      rules,
      '2026-11-23T10:00:00Z',
      { for: 'window', opensAt: new Date('2026-11-23T11:00:00Z') },
    ],
    ['runs in it', rules, '2026-11-23T11:00:00Z', null],
    [
      'waits again at its end',
      rules,
      '2026-11-23T12:00:00Z',
      { for: 'window', opensAt: new Date('2026-11-30T11:00:00Z') },
    ],
    ['never runs without one', null, '2026-11-23T11:00:00Z', { for: 'window', opensAt: null }],
    [
      'never runs when all were taken away',
      { windows: [], blackouts: [] },
      '2026-11-23T11:00:00Z',
      { for: 'window', opensAt: null },
    ],
  ])('%s', (_what, windows, at, expected) => {
    expect(windowWaitsFor(windows, Date.parse(at))).toEqual(expected);
  });
});
