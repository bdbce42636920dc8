import { describe, expect, it } from 'vitest';
import { aSigningKey } from '../../test/support/audit.js';
import type { AuditEvent } from './audit-event.js';
import { EMPTY_CHAIN, sealAfter } from './chain.js';
import { makeCheckpoint, type Checkpoint } from './checkpoint.js';
import {
  checkpointRecord,
  eventRecord,
  EXPORT_FORMAT,
  recordLine,
  type HeaderRecord,
} from './evidence-records.js';
import { exportLines } from './export-ndjson.js';
import { linesOf } from './lines.js';
import { FileVerification, type FileVerificationOptions } from './offline-verification.js';

const key = aSigningKey();
const keys = [key];

const anEvent = (n: number): AuditEvent => ({
  id: `E${n}`,
  at: new Date('2026-01-02T03:04:05.678Z'),
  action: 'target.deleted',
  actor: { id: 'key_1', name: 'team-a ci', address: null },
  outcome: 'succeeded',
  code: null,
  registry: 'prod',
  repository: 'team-a/app',
  reference: `v${n}`,
  digest: null,
  bytes: 42,
  reason: 'größe \u2028 \n',
  ticket: null,
  requestId: null,
  deletionId: null,
  details: { tags: ['x'] },
});

const EVENTS = [1, 2, 3, 4, 5, 6, 7].map(anEvent);
const SEALS = sealAfter(EMPTY_CHAIN, EVENTS);
const SEALED = SEALS.map((seal, i) => ({ seal, event: EVENTS[i]! }));
const CHECKPOINTS: readonly Checkpoint[] = [3, 6].map((sequence, i) =>
  makeCheckpoint(key, {
    number: i + 1,
    sequence,
    hash: SEALS[sequence - 1]!.hash,
    at: '2026-01-02T03:04:06.000Z',
  }),
);

async function* each<T>(values: readonly T[]): AsyncGenerator<T> {
  yield* values;
}

const lines = async (which: readonly number[] = [1, 2, 3, 4, 5, 6, 7], signer: typeof key | null = key) => {
  const contiguous = which.length === EVENTS.length;
  const last = SEALS.at(-1)!;
  const header: HeaderRecord = {
    type: 'header',
    format: EXPORT_FORMAT,
    exportedAt: '2026-01-02T03:04:07.000Z',
    exportedBy: { id: 'a', name: 'a' },
    contiguous,
    filters: {},
    upTo: { sequence: last.sequence, hash: last.hash },
  };
  const pages = each([SEALED.filter(({ seal }) => which.includes(seal.sequence))]);
  let whole = '';
  for await (const text of exportLines(header, pages, each(contiguous ? CHECKPOINTS : []), signer))
    whole += text;
  return whole.split(/(?<=\n)/);
};

/** Byte by byte, so that no line and no character comes in one piece. */
const verify = (file: readonly string[], options: FileVerificationOptions = { keys }) =>
  new FileVerification(options).verify(
    linesOf(each([...Buffer.from(file.join(''))].map((byte) => Buffer.from([byte])))),
  );

describe('an export, verified without a server', () => {
  it('is whole, up to its signed end', async () => {
    expect(await verify(await lines())).toMatchObject({
      status: 'whole',
      source: 'export',
      contiguous: true,
      events: 7,
      first: 1,
      head: { sequence: 7, hash: SEALS[6]!.hash },
      checkpoints: 2,
      signedUpTo: 7,
      fault: null,
    });
  });

  it('is whole without a key too, and says that signatures were not checked', async () => {
    expect(await verify(await lines(undefined, null), { keys: null })).toMatchObject({
      status: 'whole',
      signaturesChecked: false,
      signedUpTo: null,
    });
  });

  // Lines: 1 header, 2 to 4 events 1 to 3, 5 checkpoint 1, 6 to 8 events 4 to 6, 9 checkpoint 2, 10 event 7, 11 end.
  it.each<[string, (all: string[]) => string[], object]>([
    [
      'an altered event',
      (all) => all.with(2, all[2]!.replace('v2', 'vX')),
      { line: 3, sequence: 2, kind: 'altered' },
    ],
    [
      'a field that no hash covers',
      (all) => all.with(2, all[2]!.replace('{', '{"note":1,')),
      { line: 3, kind: 'malformed' },
    ],
    ['a dropped event', (all) => all.toSpliced(2, 1), { line: 3, sequence: 2, kind: 'missing' }],
    [
      'two swapped events',
      (all) => all.with(5, all[6]!).with(6, all[5]!),
      { line: 6, sequence: 4, kind: 'missing' },
    ],
    ['an event that came twice', (all) => all.toSpliced(3, 0, all[2]!), { line: 4, kind: 'missing' }],
    ['an appended event', (all) => [...all, all[9]!], { line: 12, kind: 'malformed' }],
    ['an end that was cut off', (all) => all.slice(0, 8), { line: null, sequence: 7, kind: 'truncated' }],
    [
      'a line that was cut off',
      (all) => all.with(10, all[10]!.slice(0, 20)),
      { line: 11, kind: 'malformed' },
    ],
    ['events cut off before the end', (all) => all.toSpliced(9, 1), { line: 10, kind: 'altered' }],
    [
      'a dropped checkpoint',
      (all) => all.toSpliced(4, 1),
      { line: 8, sequence: 6, kind: 'checkpoint_missing' },
    ],
    [
      'a forged checkpoint',
      (all) => all.with(4, all[4]!.replace('06.000Z', '07.000Z')),
      { line: 5, kind: 'checkpoint_forged' },
    ],
    [
      'an altered header',
      (all) => all.with(0, all[0]!.replace('"name":"a"', '"name":"b"')),
      { line: 11, kind: 'altered' },
    ],
    ['white space that was added', (all) => all.with(3, ` ${all[3]!}`), { line: 11, kind: 'altered' }],
    ['nothing', () => [], { line: null, kind: 'malformed' }],
  ])('shows %s', async (_what, change, fault) => {
    expect(await verify(change(await lines()))).toMatchObject({ status: 'broken', fault });
  });

  it('shows a chain that was computed anew, by its checkpoint', async () => {
    const events = EVENTS.with(1, { ...EVENTS[1]!, reason: 'another' });
    const anew = sealAfter(EMPTY_CHAIN, events).map((seal, i) => recordLine(eventRecord(seal, events[i]!)));
    const all = await lines();
    const forged = [all[0]!, ...anew.slice(0, 3), all[4]!, ...anew.slice(3, 6), all[8]!, anew[6]!, all[10]!];
    expect(await verify(forged)).toMatchObject({ fault: { line: 5, sequence: 3, kind: 'altered' } });
  });

  it('shows an end that is not signed, or by another key, when a key is given', async () => {
    const fault = { line: 11, kind: 'checkpoint_forged' };
    expect(await verify(await lines(undefined, null))).toMatchObject({ fault });
    expect(await verify(await lines(undefined, aSigningKey()))).toMatchObject({ fault });
  });

  it('is held against what was seen in an earlier one', async () => {
    const known = new Map([[3, SEALS[2]!.hash]]);
    expect(await verify(await lines(), { keys, known })).toMatchObject({ status: 'whole' });
    expect(await verify(await lines(), { keys, known: new Map([[3, 'sha256:x']]) })).toMatchObject({
      fault: { kind: 'altered', sequence: 3 },
    });
    expect(await verify(await lines(), { keys, known: known.set(9, 'sha256:x') })).toMatchObject({
      fault: { kind: 'truncated', sequence: 8 },
    });
  });
});

describe('a filtered export', () => {
  it('is whole and not contiguous', async () => {
    expect(await verify(await lines([2, 3, 6]))).toMatchObject({
      status: 'whole',
      contiguous: false,
      events: 3,
      signedUpTo: 6,
    });
  });

  it.each<[string, (all: string[]) => string[], object]>([
    [
      'an altered event',
      (all) => all.with(3, all[3]!.replace('v6', 'vX')),
      { line: 4, sequence: 6, kind: 'altered' },
    ],
    ['a dropped event', (all) => all.toSpliced(2, 1), { line: 4, kind: 'altered' }],
    ['swapped events', (all) => all.with(1, all[2]!).with(2, all[1]!), { line: 3, kind: 'swapped' }],
    [
      'a neighbour that does not fit',
      (all) => all.with(2, all[2]!.replace(SEALS[1]!.hash, SEALS[0]!.hash)),
      { line: 3 },
    ],
  ])('shows %s', async (_what, change, fault) => {
    expect(await verify(change(await lines([2, 3, 6])))).toMatchObject({ status: 'broken', fault });
  });
});

describe('what was forwarded to a file', () => {
  const event = (n: number) => recordLine(eventRecord(SEALS[n - 1]!, EVENTS[n - 1]!));
  const checkpoint = (n: number) => recordLine(checkpointRecord(CHECKPOINTS[n - 1]!));

  it('is whole, also with what came twice, what a crash cut off, and a checkpoint that came later', async () => {
    const file = [event(1), event(2), event(3), event(4), checkpoint(1), event(3), event(4), checkpoint(1)];
    const report = await verify([
      ...file,
      `${event(5).slice(0, 40)}\n`,
      event(5),
      event(6),
      checkpoint(2),
      event(7),
    ]);
    expect(report).toMatchObject({
      status: 'whole',
      source: 'copy',
      events: 7,
      repeated: 2,
      torn: 1,
      tornAtEnds: 0,
      signedUpTo: 6,
    });
  });

  it.each<[string, string[], object]>([
    ['at its end', [event(1), event(2).slice(0, 40)], { events: 1, torn: 0, tornAtEnds: 1 }],
    [
      'at its end, where only what was there comes again',
      [event(1), event(2), `${event(3).slice(0, 40)}\n`, event(2), checkpoint(1).slice(0, 9)],
      { events: 2, repeated: 1, torn: 0, tornAtEnds: 2 },
    ],
    [
      'at its beginning',
      [`${event(4).slice(0, 40)}\n`, event(5), event(6)],
      { first: 5, events: 2, torn: 0, tornAtEnds: 1 },
    ],
  ])('is whole, and promises nothing of what was cut off %s', async (_where, file, found) => {
    expect(await verify(file)).toMatchObject({ status: 'whole', source: 'copy', ...found });
  });

  it('may begin in the middle, where the file was changed for a new one', async () => {
    const report = await verify([event(5), event(6), checkpoint(2), event(7)]);
    expect(report).toMatchObject({ status: 'whole', first: 5, signedUpTo: 6 });
  });

  it.each<[string, string[], object]>([
    ['a gap', [event(1), event(3)], { line: 2, sequence: 2, kind: 'missing' }],
    [
      'a second one that is another',
      [event(1), event(2), event(1).replace('v1', 'v9')],
      { line: 3, kind: 'altered' },
    ],
    [
      'a cut before a checkpoint',
      [event(1), event(2), checkpoint(1)],
      { line: 3, sequence: 3, kind: 'truncated' },
    ],
    [
      'an end without a header',
      [
        event(1),
        '{"type":"end","events":1,"upTo":{"sequence":1,"hash":""},"sha256":"","keyId":null,"signature":null}\n',
      ],
      { line: 2, kind: 'malformed' },
    ],
  ])('shows %s', async (_what, file, fault) => {
    expect(await verify(file)).toMatchObject({ status: 'broken', fault });
  });
});
