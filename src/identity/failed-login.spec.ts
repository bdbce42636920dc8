import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import type { NewAuditEvent } from '../audit/audit-event.js';
import { AuditLog } from '../audit/audit-log.js';
import { createDatabase, createPool } from '../database/database.js';
import { createLogger } from '../telemetry/logger.js';
import { failedLoginRecorder } from './failed-login.js';
import type { FailedLogin } from './permission.guard.js';

let events: NewAuditEvent[];
let failed: FailedLogin;

beforeEach(() => {
  vi.useFakeTimers();
  events = [];
  const audit = Object.assign(new AuditLog(), {
    record: (_: unknown, event: NewAuditEvent) => Promise.resolve(String(events.push(event))),
  });
  // Connects only when it is asked something, and here nobody asks.
  const db = createDatabase(createPool('postgres://nowhere.invalid/none', 1));
  failed = failedLoginRecorder(db, audit, createLogger('silent'));
});

afterEach(() => {
  vi.useRealTimers();
});

const from = (address: string | null, path = '/v1/deletions') =>
  failed({ code: 'unauthenticated', address, path, requestId: 'R1' });

describe('failed log-ins', () => {
  it('are recorded with where they came from and what they asked for', () => {
    from('10.0.0.1', `/${'x'.repeat(500)}`);
    expect(events).toMatchObject([
      {
        action: 'login.failed',
        outcome: 'refused',
        code: 'unauthenticated',
        requestId: 'R1',
        actor: { id: 'anonymous', address: '10.0.0.1' },
        details: { path: `/${'x'.repeat(199)}` },
      },
    ]);
  });

  it('are one event an address and minute, and the next says how many there were', () => {
    for (let i = 0; i < 100; i++) from('10.0.0.1');
    from('10.0.0.2');
    from(null);
    expect(events.map(({ actor }) => actor.address)).toEqual(['10.0.0.1', '10.0.0.2', null]);
    vi.advanceTimersByTime(60_000);
    from('10.0.0.1');
    expect(events.at(-1)?.details).toEqual({ path: '/v1/deletions', notRecordedBefore: 99 });
    vi.advanceTimersByTime(60_000);
    from('10.0.0.1');
    expect(events.at(-1)?.details).toEqual({ path: '/v1/deletions' });
  });
});
