import { sql } from 'kysely';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { anAuditEvent, auditParts, recordEvents } from '../../test/support/audit.js';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.js';
import type { AuditLog } from './audit-log.js';
import { sealingLag } from './seal-batch.store.js';
import type { AuditSealer } from './sealer.js';
import { verifyAudit } from './verification.js';

let test: TestDatabase;
let log: AuditLog;
let sealer: AuditSealer;

beforeEach(async () => {
  test = await createTestDatabase();
  ({ log, sealer } = auditParts(test));
});

afterEach(async () => {
  await sealer.stop();
  await test.drop();
});

const record = (count: number) => recordEvents(test, log, count);

const sequences = async () =>
  (await test.db.selectFrom('audit_seals').select('sequence').orderBy('sequence').execute()).map(
    (row) => row.sequence,
  );

describe('recording', () => {
  it('happens exactly when the transaction commits', async () => {
    await expect(
      test.db.transaction().execute(async (trx) => {
        await log.record(trx, anAuditEvent());
        throw new Error('rolled back');
      }),
    ).rejects.toThrow('rolled back');
    await test.db.transaction().execute((trx) => log.record(trx, anAuditEvent()));
    expect(await verifyAudit(test.db)).toMatchObject({ events: 1, unsealed: 1, sealed: 0, status: 'whole' });
  });

  it('survives text that PostgreSQL cannot store', async () => {
    await log.record(
      test.db,
      anAuditEvent({ reason: 'a\u0000b\ud800', details: { '\u0000': ['\udfff', '😀'] } }),
    );
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
    expect((await verifyAudit(test.db, { earlier: [[result.head, 'noted earlier']] })).status).toBe('whole');
  });

  it('gives an event that commits late the next sequence, though its position is lower', async () => {
    const slow = await test.db.startTransaction().execute();
    const late = await log.record(slow, anAuditEvent({ reference: 'late' }));
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
    const others = [sealer, auditParts(test, {}, log).sealer, auditParts(test).sealer];
    others.forEach((one) => one.start());
    const writer = async (n: number) => {
      for (let i = 0; i < 20; i++) {
        await test.db
          .transaction()
          .execute(async (trx) => {
            await log.record(trx, anAuditEvent({ reference: `w${n}-${i}` }));
            await sql`select pg_sleep(random() * 0.01)`.execute(trx);
            await log.record(trx, anAuditEvent({ action: 'deletion.finished' }));
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
