import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.js';
import type { JsonObject } from './audit-event.js';
import { AuditLog } from './audit-log.js';
import { recordConfiguration } from './configuration-changes.js';

const SETTINGS: JsonObject = {
  registries: { prod: { url: 'https://registry.internal', credentials: { passwordFile: '/run/planted' } } },
  audit: { forward: [{ type: 'syslog', host: 'siem.internal' }] },
};

let test: TestDatabase;

beforeEach(async () => {
  test = await createTestDatabase();
});

afterEach(() => test.drop());

const start = (settings: JsonObject) => recordConfiguration(test.db, new AuditLog(), settings, 'w/1');

const events = () =>
  test.db.selectFrom('audit_events').select(['action', 'actor_id', 'details']).orderBy('position').execute();

describe('a configuration seen at start', () => {
  it('is an event when it is another one than before, with the paths that changed and no value', async () => {
    const first = await start(SETTINGS);
    expect(await start(SETTINGS)).toBe(first);
    const second = await start({ ...SETTINGS, audit: { forward: [] } });
    const third = await start({ ...SETTINGS, audit: { forward: [], signingKeyFile: '/k' } });
    expect(await events()).toMatchObject([
      {
        action: 'config.changed',
        actor_id: 'sexton',
        details: {
          digest: first,
          previousDigest: null,
          changed: [
            'audit.forward.0.host',
            'audit.forward.0.type',
            'registries.prod.credentials.passwordFile',
            'registries.prod.url',
          ],
        },
      },
      {
        details: {
          digest: second,
          previousDigest: first,
          changed: ['audit.forward', 'audit.forward.0.host', 'audit.forward.0.type'],
          worker: 'w/1',
        },
      },
      { details: { digest: third, changed: ['audit.signingKeyFile'] } },
    ]);
    expect(JSON.stringify(await events())).not.toMatch(/internal|planted/);
  });

  it('is one event when several processes start with it at once', async () => {
    const digests = await Promise.all(Array.from({ length: 8 }, () => start(SETTINGS)));
    expect(new Set(digests).size).toBe(1);
    expect(await events()).toHaveLength(1);
  });

  it('counts the paths that are too many to name', async () => {
    await start(Object.fromEntries(Array.from({ length: 250 }, (_, i) => [`k${i}`, i])));
    const [event] = await events();
    expect(event?.details).toMatchObject({ more: 50 });
  });
});
