import { afterEach, beforeEach, expect, it, vi } from 'vitest';
import { FaultLog } from './fault-log.js';
import { createLogger } from './logger.js';

let lines: string[] = [];
let faults: FaultLog;
const fault = (code: string, message = code): Error => Object.assign(new Error(message), { code });

beforeEach(() => {
  vi.useFakeTimers();
  lines = [];
  const log = createLogger('info');
  vi.spyOn(log, 'warn').mockImplementation((about, message) => {
    lines.push(`warn ${message} ${String((about as { faults: number }).faults)}`);
  });
  vi.spyOn(log, 'info').mockImplementation((about, message) => {
    lines.push(`info ${message} ${String((about as { faults: number }).faults)}`);
  });
  faults = new FaultLog(log, 'Redis is away');
});
afterEach(() => {
  vi.useRealTimers();
});

it('tells each kind of fault once, and that it is over', () => {
  for (let n = 0; n < 50; n++) {
    faults.report(fault('ECONNREFUSED', `port ${n}`));
    vi.advanceTimersByTime(1_000);
  }
  faults.report(fault('ETIMEDOUT'));
  expect(lines).toEqual(['warn Redis is away 1', 'warn Redis is away 51']);
  vi.advanceTimersByTime(29_000);
  expect(lines).toHaveLength(2);
  vi.advanceTimersByTime(2_000);
  expect(lines.at(-1)).toBe('info Redis is away: not any more 51');
  faults.report(fault('ECONNREFUSED'));
  expect(lines.at(-1)).toBe('warn Redis is away 1');
});

it('tells one that lasts again', () => {
  for (let n = 0; n < 700; n++) {
    faults.report(fault('ECONNREFUSED'));
    vi.advanceTimersByTime(1_000);
  }
  expect(lines).toEqual(['warn Redis is away 1', 'warn Redis is away 301', 'warn Redis is away 601']);
});
