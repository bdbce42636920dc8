import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.js';
import { createLogger } from '../telemetry/logger.js';
import { AuditLog } from './audit-log.js';
import type { NewAuditEvent } from './audit-event.js';
import { sealingLag } from './seal-batch.store.js';
import { AuditSealer } from './sealer.js';
import { verifyAudit } from './verification.js';

const anEvent = (change: Partial<NewAuditEvent> = {}): NewAuditEvent => ({
  action: 'target.deleted',
  actor: { id: 'key_1', name: 'team-a ci', address: '10.1.2.3' },
  outcome: 'succeeded',
  registry: 'prod',
  repository: 'team-a/app',
  reference: 'v1.0',
  bytes: 12_345_678_901,
  reason: 'CVE-2026-1234',
  details: { tags: ['v1.0', 'stable'], ratio: 0.1, big: 1e300, none: null, é: '\u2028' },
  ...change,
});

const logger = createLogger('silent');

let test: TestDatabase;
let log: AuditLog;
let sealer: AuditSealer;

beforeEach(async () => {
  test = await createTestDatabase();
  log = new AuditLog();
  sealer = new AuditSealer(test.db, log, logger);
});

afterEach(async () => {
  await sealer.stop();
  await test.drop();
});

const record = async (count: number): Promise<string[]> => {
  const ids: string[] = [];
  for (let i = 0; i < count; i++) ids.push(await log.record(test.db, anEvent({ reference: `v${i}` })));
  return ids;
};

const sequences = async () =>
  (await test.db.selectFrom('audit_seals').select('sequence').orderBy('sequence').execute()).map(
    (row) => row.sequence,
  );

describe('recording', () => {
  it('happens exactly when the transaction commits', async () => {
    await expect(
      test.db.transaction().execute(async (trx) => {
        await log.record(trx, anEvent());
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    await test.db.transaction().execute((trx) => log.record(trx, anEvent()));
    expect(await verifyAudit(test.db)).toMatchObject({ events: 1, unsealed: 1, sealed: 0, status: 'whole' });
  });

  it('survives text that PostgreSQL cannot store', async () => {
    await log.record(test.db, anEvent({ reason: 'a\u0000b\ud800', details: { '\u0000': ['\udfff', '😀'] } }));
    const row = await test.db.selectFrom('audit_events').selectAll().executeTakeFirstOrThrow();
    expect(row.reason).toBe('a\uFFFDb\uFFFD');
    expect(row.details).toEqual({ '\uFFFD': ['\uFFFD', '😀'] });
    expect(await sealer.sealWaiting()).toBe(1);
    expect((await verifyAudit(test.db)).status).toBe('whole');
  });

  it.each(['audit_events', 'audit_seals'])('%s refuses to be changed, emptied or cut', async (table) => {
    await record(1);
    await sealer.sealWaiting();
    const column = table === 'audit_events' ? 'id' : 'event_id';
    for (const statement of [
      `update ${table} set ${column} = 'x'`,
      `delete from ${table}`,
      `truncate ${table} cascade`,
      `set session_replication_role = replica; delete from ${table}`,
    ]) {
      const client = await test.pool.connect();
      try {
        await expect(client.query(statement)).rejects.toThrow(
          /is append-only: (UPDATE|DELETE|TRUNCATE) is refused/,
        );
      } finally {
        client.release(true);
      }
    }
    expect((await verifyAudit(test.db)).status).toBe('whole');
  });
});

describe('sealing', () => {
  it('chains everything that waits, in batches and in order', async () => {
    await test.db
      .insertInto('audit_events')
      .values(
        Array.from({ length: 1_201 }, (_, i) => ({
          id: `E${i}`,
          action: 'gateway.started',
          actor_id: 'sexton',
          actor_name: 'sexton',
          outcome: 'succeeded',
          details: '{}',
        })),
      )
      .execute();
    expect(await sealingLag(test.db)).toMatchObject({ waiting: 1_201 });
    expect(await sealer.sealWaiting()).toBe(1_201);
    expect(await sequences()).toEqual(Array.from({ length: 1_201 }, (_, i) => i + 1));
    expect(await sealingLag(test.db)).toEqual({ waiting: 0, oldestSeconds: 0 });
    const result = await verifyAudit(test.db);
    expect(result).toMatchObject({
      status: 'whole',
      events: 1_201,
      sealed: 1_201,
      head: { sequence: 1_201 },
    });
    expect((await verifyAudit(test.db, result.head)).status).toBe('whole');
  });

  it('gives an event that commits late the next sequence, though its position is lower', async () => {
    const slow = await test.db.startTransaction().execute();
    const late = await log.record(slow, anEvent({ reference: 'late' }));
    const [early] = await record(1);
    expect(await sealer.sealWaiting()).toBe(1);
    await slow.commit().execute();
    expect(await sealer.sealWaiting()).toBe(1);
    const seals = await test.db.selectFrom('audit_seals').selectAll().orderBy('sequence').execute();
    expect(seals.map((seal) => seal.event_id)).toEqual([early, late]);
    expect(seals[0]?.event_position).toBeGreaterThan(seals[1]?.event_position ?? Infinity);
    expect((await verifyAudit(test.db)).status).toBe('whole');
  });

  it('stays one dense chain under 20 parallel writers and several sealers', async () => {
    const others = [
      sealer,
      new AuditSealer(test.db, log, logger),
      new AuditSealer(test.db, new AuditLog(), logger),
    ];
    others.forEach((one) => one.start());
    const writer = async (n: number) => {
      for (let i = 0; i < 20; i++) {
        await test.db
          .transaction()
          .execute(async (trx) => {
            await log.record(trx, anEvent({ reference: `w${n}-${i}` }));
            await sql`select pg_sleep(random() * 0.01)`.execute(trx);
            await log.record(trx, anEvent({ action: 'deletion.finished' }));
            if (i % 5 === 4) throw new Error('rolled back');
          })
          .catch(() => undefined);
        if (i % 4 === 0) await Promise.all(others.map((one) => one.sealWaiting()));
      }
    };
    await Promise.all(Array.from({ length: 20 }, (_, n) => writer(n)));
    await expect.poll(() => sealingLag(test.db), { timeout: 10_000 }).toMatchObject({ waiting: 0 });
    await Promise.all(others.map((one) => one.stop()));
    const expected = 20 * 16 * 2;
    expect(await sequences()).toEqual(Array.from({ length: expected }, (_, i) => i + 1));
    expect(await verifyAudit(test.db)).toMatchObject({
      status: 'whole',
      events: expected,
      sealed: expected,
      unsealed: 0,
    });
  });

  it('runs by itself after a record, and no more after its stop', async () => {
    sealer.start();
    await record(3);
    await expect.poll(sequences, { timeout: 5_000 }).toEqual([1, 2, 3]);
    await sealer.stop();
    await record(1);
    await new Promise((done) => setTimeout(done, 1_300));
    expect(await sequences()).toEqual([1, 2, 3]);
  });

  it('leaves the work to whoever has the lock', async () => {
    await record(1);
    const other = await test.db.startTransaction().execute();
    await sql`select pg_advisory_xact_lock(${0x5e87}::int, 1)`.execute(other);
    expect(await sealer.sealWaiting()).toBe(0);
    await other.rollback().execute();
    expect(await sealer.sealWaiting()).toBe(1);
  });
});

describe('tampering in the database', () => {
  /** What only the owner of the tables can do, and what the chain is there to show. */
  const tamper = async (...statements: string[]) => {
    const client = await test.pool.connect();
    try {
      for (const table of ['audit_events', 'audit_seals'])
        await client.query(`alter table ${table} disable trigger all`);
      await client.query('alter table audit_seals drop constraint audit_seals_event_position_fkey');
      for (const statement of statements) await client.query(statement);
    } finally {
      client.release(true);
    }
  };

  beforeEach(async () => {
    await record(5);
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
    await tamper(...statements);
    const result = await verifyAudit(test.db);
    expect(result).toMatchObject({ status: 'broken', fault: { kind, sequence } });
    expect(result.head.sequence).toBe(sequence === null ? 5 : sequence - 1);
  });

  it('finds an end that was cut off when its head was noted', async () => {
    const { head } = await verifyAudit(test.db);
    await tamper('delete from audit_seals where sequence = 5', 'delete from audit_events where position = 5');
    expect((await verifyAudit(test.db)).status).toBe('whole');
    expect(await verifyAudit(test.db, head)).toMatchObject({
      status: 'broken',
      fault: { kind: 'truncated', sequence: 5 },
    });
  });

  it('does not stop the sealer', async () => {
    await tamper(
      'delete from audit_events where position = 5',
      'insert into audit_unsealed select i from generate_series(-700, 5) i',
    );
    await sql`alter table audit_events enable trigger all`.execute(test.db);
    await record(2);
    expect(await sealer.sealWaiting()).toBe(2);
  });
});
