import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { aSigningKey, auditParts, recordEvents, tamper } from '../../test/support/audit.js';
import { createTestDatabase, type TestDatabase } from '../../test/support/database.js';
import { createLogger } from '../telemetry/logger.js';
import { UNSIGNED, type AuditOptions } from './audit-options.js';
import { AuditService } from './audit.service.js';
import { sealAfter, type Seal } from './chain.js';
import { makeCheckpoint } from './checkpoint.js';
import { chainHead } from './export.store.js';
import { lastCheckpoint } from './checkpoint.store.js';
import { warnOfUnknownKeys } from './unknown-keys.js';
import { inOneSnapshot, readChain } from './verification.store.js';

const key = aSigningKey();

let test: TestDatabase;
let parts: ReturnType<typeof auditParts>;

/** Two checkpoints, of sequence 3 and 6, and two events after them. */
beforeEach(async () => {
  test = await createTestDatabase();
  parts = auditParts(test, { signingKey: key, checkpointEvents: 3 });
  for (const count of [3, 3, 2]) await recordAndSign(count);
});

afterEach(() => test.drop());

const recordAndSign = async (count: number): Promise<void> => {
  await recordEvents(test, parts.log, count);
  await parts.sealer.sealWaiting();
  await parts.signer.signDue();
};

/** As a process that has seen nothing yet verifies. */
const verify = (change: Parameters<typeof auditParts>[1] = {}) => {
  const { options, signer } = auditParts(test, { signingKey: key, ...change });
  return new AuditService(test.db, options, signer).verify({});
};

const checkpoints = () =>
  test.db.selectFrom('audit_checkpoints').select(['number', 'sequence']).orderBy('number').execute();

describe('signed checkpoints', () => {
  it('are made after so many events, and hold', async () => {
    expect(await checkpoints()).toEqual([
      { number: 1, sequence: 3 },
      { number: 2, sequence: 6 },
    ]);
    expect(await verify()).toMatchObject({ status: 'whole', checkpoint: { number: 2, sequence: 6 } });
  });

  it('are made after some time too, and not while nothing happens', async () => {
    const { signer } = auditParts(test, { signingKey: key, checkpointMs: 0 });
    await signer.signDue();
    await signer.signDue();
    expect(await checkpoints()).toHaveLength(3);
    expect((await lastCheckpoint(test.db))?.sequence).toBe(8);
  });

  it('are not made without a key', async () => {
    await auditParts(test, { checkpointMs: 0 }).signer.signDue();
    expect(await checkpoints()).toHaveLength(2);
  });

  it('are made once when several processes sign', async () => {
    await recordEvents(test, parts.log, 4);
    await parts.sealer.sealWaiting();
    const signers = Array.from({ length: 5 }, () =>
      auditParts(test, { signingKey: key, checkpointEvents: 3 }).signer.signDue(),
    );
    await Promise.all(signers);
    expect(await checkpoints()).toEqual([
      { number: 1, sequence: 3 },
      { number: 2, sequence: 6 },
      { number: 3, sequence: 12 },
    ]);
  });

  it('go on with a new key, and those of the old one hold while its public key is configured', async () => {
    const next = aSigningKey();
    parts = auditParts(test, { signingKey: next, formerKeys: [key], checkpointEvents: 3 });
    await recordAndSign(3);
    const both = { signingKey: next, formerKeys: [key] };
    expect(await verify(both)).toMatchObject({ status: 'whole', checkpoint: { number: 3, keyId: next.id } });
    expect(await verify({ signingKey: next })).toMatchObject({
      status: 'broken',
      fault: { kind: 'checkpoint_forged', sequence: 3 },
    });
  });

  it('say at the start whose public key was forgotten when the key changed', async () => {
    const next = aSigningKey();
    const lines: string[] = [];
    const log = createLogger('info', { destination: { write: (line: string) => void lines.push(line) } });
    const warned = async (change: Partial<AuditOptions>) => {
      await warnOfUnknownKeys(test.db, { ...UNSIGNED, ...change }, log);
      return lines.splice(0).map((line) => JSON.parse(line) as object);
    };
    for (const known of [{ signingKey: key }, { signingKey: next, formerKeys: [key] }])
      expect(await warned(known)).toEqual([]);
    const forgotten = { keyId: key.id, checkpoints: 2, lastCheckpoint: 2 };
    expect(await warned({ signingKey: next })).toEqual([expect.objectContaining(forgotten)]);
    expect(await warned({})).toEqual([expect.objectContaining(forgotten)]);
  });

  it('refuse to be changed, emptied or cut', async () => {
    for (const statement of [
      "update audit_checkpoints set hash = 'x'",
      'delete from audit_checkpoints',
      'truncate audit_checkpoints',
    ])
      await expect(test.pool.query(statement)).rejects.toThrow(/audit_checkpoints is append-only/);
  });
});

/** The chain as its owner can make it anew after changing an event: every hash from there on fits again. */
const computeAnew = async (): Promise<void> => {
  const events = await inOneSnapshot(test.db, async (trx) => {
    const all = [];
    for await (const { event } of readChain(trx)) if (event) all.push(event);
    return all;
  });
  const seals: readonly Seal[] = sealAfter({ sequence: 0, hash: `sha256:${'0'.repeat(64)}` }, events);
  await tamper(
    test,
    ...seals.map(
      ({ sequence, hash, previousHash }) =>
        `update audit_seals set hash = '${hash}', previous_hash = '${previousHash}' where sequence = ${sequence}`,
    ),
  );
};

const cutFrom = (sequence: number): string[] => [
  `delete from audit_events using audit_seals
   where event_position = audit_events.position and sequence >= ${sequence}`,
  `delete from audit_seals where sequence >= ${sequence}`,
];

describe('tampering that the chain alone cannot show', () => {
  it('is found when the end was cut off behind a checkpoint', async () => {
    await tamper(test, ...cutFrom(5));
    expect(await verify()).toMatchObject({
      status: 'broken',
      head: { sequence: 4 },
      fault: { kind: 'truncated', sequence: 5 },
    });
  });

  it('is found when everything was cut off', async () => {
    await tamper(test, ...cutFrom(1));
    expect(await verify()).toMatchObject({ status: 'broken', fault: { kind: 'truncated', sequence: 1 } });
  });

  it('is found when other events came in place of those that were cut off', async () => {
    await tamper(test, ...cutFrom(5));
    await test.pool.query('alter table audit_events enable trigger all');
    await recordEvents(test, parts.log, 4);
    await parts.sealer.sealWaiting();
    expect(await verify()).toMatchObject({ fault: { kind: 'altered', sequence: 6 } });
  });

  it('is found when an event was changed and the chain computed anew', async () => {
    await tamper(
      test,
      "update audit_events set actor_name = 'x' from audit_seals where event_position = position and sequence = 2",
    );
    expect(await verify()).toMatchObject({ fault: { kind: 'altered', sequence: 2 } });
    await computeAnew();
    const { fault } = await verify();
    expect(fault).toMatchObject({ kind: 'altered', sequence: 3 });
    expect(fault?.message).toMatch(/signed by checkpoint 1: the chain was computed anew/);
  });

  it.each([
    [
      'a changed hash',
      "update audit_checkpoints set hash = 'sha256:0' where number = 1",
      'checkpoint_forged',
      3,
    ],
    ['a changed time', 'update audit_checkpoints set at = now() where number = 2', 'checkpoint_forged', 6],
    ['a changed place', 'update audit_checkpoints set sequence = 4 where number = 2', 'checkpoint_forged', 4],
    ['a removed one', 'delete from audit_checkpoints where number = 1', 'checkpoint_missing', 6],
    [
      'two in each other’s place',
      `update audit_checkpoints set number = 99 where number = 1;
       update audit_checkpoints set number = 1 where number = 2;
       update audit_checkpoints set number = 2 where number = 99`,
      'checkpoint_forged',
      6,
    ],
  ])('is found in the checkpoints themselves: %s', async (_what, statement, kind, sequence) => {
    await tamper(test, statement);
    expect(await verify()).toMatchObject({ status: 'broken', fault: { kind, sequence } });
  });

  it('is found when the checkpoint was made with another key', async () => {
    const { hash } = await chainHead(test.db);
    const at = '2026-01-01T00:00:00.000Z';
    const forged = makeCheckpoint(aSigningKey(), { number: 3, sequence: 8, hash, at });
    const insert = (keyId: string) =>
      `insert into audit_checkpoints values (3, 8, '${hash}', '${at}', '${keyId}', '${forged.signature}')`;
    await test.pool.query(insert(forged.keyId));
    expect(await verify()).toMatchObject({ fault: { kind: 'checkpoint_forged', sequence: 8 } });
    await tamper(test, 'delete from audit_checkpoints where number = 3', insert(key.id));
    expect(await verify()).toMatchObject({ fault: { kind: 'checkpoint_forged', sequence: 8 } });
  });

  it('is seen by a process that saw the checkpoint, when the end was cut off together with it', async () => {
    await tamper(test, ...cutFrom(5), 'delete from audit_checkpoints where number = 2');
    // Nothing inside the database can show this; who remembers the checkpoint can.
    expect(await verify()).toMatchObject({ status: 'whole' });
    const { options, signer } = parts;
    const remembering = new AuditService(test.db, options, signer);
    expect(await remembering.verify({})).toMatchObject({
      status: 'broken',
      fault: { kind: 'truncated', sequence: 5 },
    });
  });

  it('is not covered by the next signature', async () => {
    const next = () => recordAndSign(3).then(checkpoints);
    await tamper(test, ...cutFrom(5), 'delete from audit_checkpoints where number = 2');
    await test.pool.query('alter table audit_events enable trigger all');
    expect(await next()).toEqual([{ number: 1, sequence: 3 }]);
  });

  it('is not signed when the events since the last checkpoint do not hold', async () => {
    await tamper(
      test,
      "update audit_events set reason = 'x' from audit_seals where event_position = position and sequence = 7",
    );
    await test.pool.query('alter table audit_events enable trigger all');
    await recordAndSign(3);
    expect(await checkpoints()).toHaveLength(2);
    expect(await verify()).toMatchObject({ fault: { kind: 'altered', sequence: 7 } });
  });

  it('is found when what was forwarded is no longer there', async () => {
    await test.pool.query("insert into audit_forwarding values ('siem', 8, 2)");
    expect(await verify()).toMatchObject({ status: 'whole' });
    await tamper(test, ...cutFrom(7));
    const { fault } = await verify();
    expect(fault).toMatchObject({ kind: 'truncated', sequence: 7 });
    expect(fault?.message).toContain('forwarded to siem');
  });
});
