import { PassThrough, Writable } from 'node:stream';
import { text } from 'node:stream/consumers';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { anAuditEvent, aSigningKey, auditParts, recordEvents } from '../../test/support/audit.js';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.js';
import type { Caller } from '../identity/caller.js';
import { createLogger } from '../telemetry/logger.js';
import { AuditExportService } from './audit-export.service.js';
import { exportAuditSchema } from './audit.dto.js';
import { linesOf } from './lines.js';
import { FileVerification } from './offline-verification.js';

const key = aSigningKey();
const AUDITOR: Caller = {
  id: 'key_audit',
  name: 'auditor',
  role: 'auditor',
  scopes: [],
  address: '10.0.0.1',
};
const TEAM: Caller = { ...AUDITOR, id: 'key_t', role: 'requester', scopes: ['prod/team-a/**:delete'] };

let test: TestDatabase;
let exports: AuditExportService;
let parts: ReturnType<typeof auditParts>;

beforeAll(async () => {
  test = await createTestDatabase();
  parts = auditParts(test, { signingKey: key, checkpointEvents: 3 });
  const { options, log, sealer } = parts;
  exports = new AuditExportService(test.db, options, log, sealer, createLogger('silent'));
});

afterAll(() => test.drop());

const run = async (caller: Caller, query: Record<string, unknown> = {}): Promise<string> => {
  const wanted = await exports.begin(caller, 'R', exportAuditSchema.parse(query));
  const sink = new PassThrough();
  const [whole] = await Promise.all([text(sink), exports.stream(wanted, sink)]);
  return whole;
};

const verify = (file: string, keys: readonly (typeof key)[] | null = [key]) =>
  new FileVerification({ keys }).verify(
    linesOf(
      (async function* () {
        yield Buffer.from(file);
      })(),
    ),
  );

const linesIn = (file: string): Record<string, unknown>[] =>
  file
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line) as Record<string, unknown>);

const exportEvents = () =>
  test.db
    .selectFrom('audit_events')
    .selectAll()
    .where('action', '=', 'audit.exported')
    .orderBy('position', 'desc')
    .limit(2)
    .execute();

describe('an NDJSON export', () => {
  beforeAll(async () => {
    await recordEvents(test, parts.log, 7);
    await parts.log.record(
      test.db,
      anAuditEvent({ registry: 'dev', repository: 'other', reason: 'line\u2028separator' }),
    );
    await parts.sealer.sealWaiting();
    await parts.signer.signDue();
  });

  it('is whole and signed, with every event, each checkpoint behind the event that it signs, and an end', async () => {
    const file = await run(AUDITOR);
    const lines = linesIn(file);
    expect(lines[0]).toMatchObject({ type: 'header', contiguous: true, exportedBy: { id: 'key_audit' } });
    expect(lines.at(-1)).toMatchObject({ type: 'end', keyId: key.id });
    const sequences = lines.filter(({ type }) => type === 'event').map(({ sequence }) => sequence);
    expect(sequences).toEqual(Array.from({ length: sequences.length }, (_, i) => i + 1));
    const at = lines.findIndex(({ type }) => type === 'checkpoint');
    expect(lines[at]?.['sequence']).toBe(lines[at - 1]?.['sequence']);
    expect(await verify(file)).toMatchObject({
      status: 'whole',
      contiguous: true,
      events: sequences.length,
      signedUpTo: sequences.length,
    });
  });

  it('holds the event that says that it was begun; its end is recorded too', async () => {
    const file = await run(AUDITOR, { actor: 'key_audit' });
    const lines = linesIn(file);
    expect(lines.at(-2)).toMatchObject({
      action: 'audit.exported',
      outcome: 'accepted',
      requestId: 'R',
      actor: { id: 'key_audit', address: '10.0.0.1' },
      details: { format: 'ndjson', filters: { actor: 'key_audit' } },
    });
    const [ended, begun] = await exportEvents();
    expect(begun).toMatchObject({ outcome: 'accepted' });
    expect(ended).toMatchObject({ outcome: 'succeeded', details: { events: lines.length - 2 } });
  });

  it('that is filtered says that it is not contiguous, and what is there is proved by its signed end', async () => {
    const file = await run(AUDITOR, { registry: 'dev' });
    expect(linesIn(file)[0]).toMatchObject({ contiguous: false, filters: { registry: 'dev' } });
    expect(await verify(file)).toMatchObject({
      status: 'whole',
      contiguous: false,
      events: 1,
      checkpoints: 0,
    });
    expect(await verify(file.replace('separator', 'separated'), null)).toMatchObject({
      fault: { kind: 'altered', line: 2 },
    });
  });

  it('shows nobody more than the list would', async () => {
    const lines = linesIn(await run(TEAM));
    const events = lines.filter(({ type }) => type === 'event');
    expect(lines[0]).toMatchObject({ contiguous: false });
    expect(new Set(events.map((event) => event['repository']))).toEqual(new Set(['team-a/app', null]));
    expect(events.filter((event) => event['repository'] === null)).toMatchObject([
      { action: 'audit.exported', actor: { id: 'key_t' } },
    ]);
  });
});

describe('a CSV export', () => {
  const DANGEROUS = ['=1+1', '+1', '-1', '@SUM(A1)', '\t=1', '\r=1', '＝1'];

  it('has no cell that a spreadsheet takes for a formula, and no row that a cell began', async () => {
    for (const reason of [...DANGEROUS, 'a\n=1', 'say "no", or, not'])
      await parts.log.record(
        test.db,
        anAuditEvent({ reason, ticket: 'CSV', actor: { id: 'x', name: reason, address: null } }),
      );
    await parts.sealer.sealWaiting();
    const file = await run(AUDITOR, { format: 'csv', ticket: 'CSV' });
    const rows = file.trimEnd().split('\r\n"');
    expect(rows).toHaveLength(1 + DANGEROUS.length + 2);
    expect(rows[0]).toMatch(/^"?sequence"?,"?at"?,"?action"?/);
    for (const reason of DANGEROUS) expect(file).toContain(`,"'${reason}",`);
    expect(file).not.toMatch(/[,"][=+\-@\t\r＝]1/);
    expect(file).toContain('"a\n=1"');
    expect(file).toContain('"say ""no"", or, not"');
  });
});

describe('the stream', () => {
  const aPageOf = (n: number) =>
    Array.from({ length: 500 }, (_, i) => ({
      id: `P${n}-${i}`,
      action: 'target.deleted',
      actor_id: 'x',
      actor_name: 'x',
      outcome: 'succeeded',
      details: '{}',
    }));

  beforeAll(async () => {
    for (let n = 0; n < 20; n++) await test.db.insertInto('audit_events').values(aPageOf(n)).execute();
    await parts.sealer.sealWaiting();
  });

  it('reads no further ahead than the reader takes', async () => {
    const wanted = await exports.begin(AUDITOR, 'R', exportAuditSchema.parse({}));
    let queries = 0;
    let taken = 0;
    const ahead: number[] = [];
    test.pool.on('acquire', () => (queries += 1));
    // Before it takes more, everything that could run ahead has had many turns.
    const dawdle = async () => {
      for (let i = 0; i < 100; i++) await test.pool.query('select count(*) from audit_events');
      queries -= 100;
      ahead.push(queries - taken);
    };
    const slow = new Writable({
      highWaterMark: 1,
      decodeStrings: false,
      write: (_chunk, _encoding, done) => {
        taken += 1;
        void (taken < 4 ? dawdle() : Promise.resolve()).then(() => done());
      },
    });
    await exports.stream(wanted, slow);
    test.pool.removeAllListeners('acquire');
    expect(taken).toBeGreaterThan(20);
    expect(Math.max(...ahead)).toBeLessThan(5);
  });

  it('is destroyed, never ended, when the database fails; and the failure is recorded', async () => {
    const wanted = await exports.begin(AUDITOR, 'R', exportAuditSchema.parse({}));
    const sink = new PassThrough({ highWaterMark: 1 });
    const streamed = exports.stream(wanted, sink);
    sink.once('data', () => sink.pause());
    await expect.poll(() => sink.isPaused()).toBe(true);
    sink.destroy(new Error('the reader has gone'));
    await streamed;
    expect(sink.writableFinished).toBe(false);
    const [ended] = await exportEvents();
    expect(ended).toMatchObject({ outcome: 'failed', details: { format: 'ndjson' } });
  });
});
