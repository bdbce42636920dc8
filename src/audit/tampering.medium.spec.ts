import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { auditParts, recordEvents, tamper } from '../../test/support/audit.js';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.js';
import type { AuditLog } from './audit-log.js';
import type { AuditSealer } from './sealer.js';
import { verifyAudit } from './verification.js';

let test: TestDatabase;
let log: AuditLog;
let sealer: AuditSealer;

beforeEach(async () => {
  test = await createTestDatabase();
  ({ log, sealer } = auditParts(test));
});

afterEach(() => test.drop());

describe('tampering in the database', () => {
  beforeEach(async () => {
    await recordEvents(test, log, 5);
    await sealer.sealWaiting();
    expect((await verifyAudit(test.db)).status).toBe('whole');
  });

  const INSERT = `insert into audit_events (id, action, actor_id, actor_name, outcome, details)
                  values ('FORGED', 'target.deleted', 'x', 'x', 'succeeded', '{}')`;

  it.each([
    [
      'a changed field',
      ["update audit_events set actor_name = 'someone else' where position = 3"],
      'altered',
      3,
    ],
    [
      'a changed time',
      ["update audit_events set at = at + interval '1 millisecond' where position = 3"],
      'altered',
      3,
    ],
    ['an impossible time', ["update audit_events set at = 'infinity' where position = 3"], 'altered', 3],
    [
      'a changed detail',
      [`update audit_events set details = '{"x": 1e400}' where position = 3`],
      'altered',
      3,
    ],
    ['a changed hash', [`update audit_seals set hash = 'sha256:0' where sequence = 3`], 'altered', 3],
    ['a removed event', ['delete from audit_events where position = 3'], 'missing', 3],
    ['a removed seal', ['delete from audit_seals where sequence = 3'], 'missing', 3],
    [
      'a removed event with its seal',
      ['delete from audit_seals where sequence = 3', 'delete from audit_events where position = 3'],
      'missing',
      3,
    ],
    [
      'two events in each other’s place',
      [
        'update audit_seals set event_position = 99 where sequence = 2',
        'update audit_seals set event_position = 2 where sequence = 3',
        'update audit_seals set event_position = 3 where sequence = 2',
      ],
      'swapped',
      2,
    ],
    [
      'two seals in each other’s place',
      [
        'update audit_seals set sequence = 99 where sequence = 2',
        'update audit_seals set sequence = 2 where sequence = 3',
        'update audit_seals set sequence = 3 where sequence = 99',
      ],
      'swapped',
      2,
    ],
    ['an appended event', [INSERT], 'appended', null],
    [
      'an appended event with a seal of its own',
      [
        INSERT,
        `insert into audit_seals (sequence, event_position, event_id, previous_hash, hash)
         select 6, e.position, e.id, s.hash, 'sha256:0' from audit_events e, audit_seals s
         where e.id = 'FORGED' and s.sequence = 5`,
      ],
      'altered',
      6,
    ],
    [
      'a removed event that was not sealed yet',
      ['insert into audit_unsealed (event_position) values (6)'],
      'missing',
      null,
    ],
  ] as const)('finds %s', async (_what, statements, kind, sequence) => {
    await tamper(test, ...statements);
    const result = await verifyAudit(test.db);
    expect(result).toMatchObject({ status: 'broken', fault: { kind, sequence } });
    expect(result.head.sequence).toBe(sequence === null ? 5 : sequence - 1);
  });

  it('finds an end that was cut off when its head was noted', async () => {
    const { head } = await verifyAudit(test.db);
    await tamper(
      test,
      'delete from audit_seals where sequence = 5',
      'delete from audit_events where position = 5',
    );
    expect((await verifyAudit(test.db)).status).toBe('whole');
    expect(await verifyAudit(test.db, { earlier: [[head, 'noted earlier']] })).toMatchObject({
      status: 'broken',
      fault: { kind: 'truncated', sequence: 5 },
    });
  });

  it('does not stop the sealer', async () => {
    await tamper(
      test,
      'delete from audit_events where position = 5',
      'insert into audit_unsealed select i from generate_series(-700, 5) i',
    );
    await sql`alter table audit_events enable trigger all`.execute(test.db);
    await recordEvents(test, log, 2);
    expect(await sealer.sealWaiting()).toBe(2);
  });
});
