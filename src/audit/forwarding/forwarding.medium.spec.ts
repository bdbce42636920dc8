import { appendFile, mkdtemp, readFile, rename, rm } from 'node:fs/promises';
import { createReadStream } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { anAuditEvent, aSigningKey, auditParts, recordEvents } from '../../../test/support/audit.js';
import { createTestDatabase, type TestDatabase } from '../../../test/support/database.js';
import { SyslogCollector } from '../../../test/support/syslog-collector.js';
import { makeCertificate, type Certificate } from '../../../tools/certificate.js';
import { createLogger } from '../../telemetry/logger.js';
import type { SyslogOptions } from '../audit-options.js';
import { linesOf } from '../lines.js';
import { FileVerification } from '../offline-verification.js';
import type { Destination } from './destination.js';
import { forwardingLag, forwardNextBatch } from './forward-batch.store.js';
import { AuditForwarder, createDestination } from './forwarder.js';
import { SyslogDestination } from './syslog-destination.js';

const key = aSigningKey();
const WAITS = { idleMs: 10, firstRetryMs: 10 };

let certificate: Certificate;
let test: TestDatabase;
let parts: ReturnType<typeof auditParts>;
let collector: SyslogCollector;
let forwarders: AuditForwarder[];

beforeAll(async () => {
  certificate = await makeCertificate('collector');
});

beforeEach(async () => {
  test = await createTestDatabase();
  parts = auditParts(test, { signingKey: key, checkpointEvents: 10 });
  collector = new SyslogCollector({ cert: certificate.cert, key: certificate.key });
  await collector.start();
  forwarders = [];
});

afterEach(async () => {
  await Promise.all(forwarders.map((forwarder) => forwarder.stop()));
  await collector.stop();
  await test.drop();
  expect(collector.violations).toEqual([]);
});

const options = (change: Partial<SyslogOptions> = {}): SyslogOptions => ({
  type: 'syslog',
  name: 'siem',
  host: '127.0.0.1',
  port: collector.port,
  ca: certificate.cert,
  client: null,
  serverName: 'localhost',
  maxMessageBytes: 8_192,
  ...change,
});

/** One process that forwards. */
const forward = (...destinations: Destination[]): AuditForwarder => {
  const forwarder = new AuditForwarder(test.db, destinations, createLogger('silent'), WAITS);
  forwarders.push(forwarder);
  forwarder.start();
  return forwarder;
};

const record = async (count: number): Promise<void> => {
  await recordEvents(test, parts.log, count);
  await parts.sealer.sealWaiting();
  await parts.signer.signDue();
};

const upTo = (count: number): number[] => Array.from({ length: count }, (_, i) => i + 1);
const arrived = () => expect.poll(() => new Set(collector.sequences), { timeout: 20_000 });
const cursor = () => test.db.selectFrom('audit_forwarding').selectAll().executeTakeFirst();

describe('syslog over TLS', () => {
  it('gets every event and checkpoint, in order, with all that proves it', async () => {
    await record(12);
    forward(createDestination(options()));
    await arrived().toEqual(new Set(upTo(12)));
    await record(3);
    await arrived().toEqual(new Set(upTo(15)));
    expect(collector.sequences).toEqual(upTo(15));
    const [first] = collector.messages;
    expect(first).toMatchObject({ priority: 13 * 8 + 5, messageId: 'target.deleted', sequenceId: 1 });
    expect(first?.record).toMatchObject({ type: 'event', reference: 'v0', details: { é: '\u2028' } });
    expect(first?.timestamp).toBe(first?.record['at']);
    const lines = collector.messages.map((message) => `${JSON.stringify(message.record)}\n`);
    const report = await new FileVerification({ keys: [key] }).verify(
      linesOf(
        (async function* () {
          yield Buffer.from(lines.join(''));
        })(),
      ),
    );
    expect(report).toMatchObject({ status: 'whole', events: 15, checkpoints: 1, signedUpTo: 12 });
  });

  it('says what was refused and what failed', async () => {
    await parts.log.record(test.db, anAuditEvent({ action: 'target.refused', outcome: 'refused' }));
    await parts.log.record(test.db, anAuditEvent({ action: 'target.failed', outcome: 'failed' }));
    await parts.sealer.sealWaiting();
    forward(createDestination(options()));
    await arrived().toEqual(new Set([1, 2]));
    expect(collector.messages.map(({ priority }) => priority)).toEqual([13 * 8 + 4, 13 * 8 + 3]);
  });

  it('loses nothing when the collector breaks connections, dies and comes back', async () => {
    await record(100);
    collector.breakAfter = 30;
    forward(createDestination(options()));
    await expect.poll(() => collector.connections, { timeout: 20_000 }).toBeGreaterThan(2);
    expect(await cursor()).toBeUndefined();
    await collector.stop();
    await record(50);
    collector.breakAfter = null;
    await collector.start();
    await arrived().toEqual(new Set(upTo(150)));
    await expect.poll(cursor).toMatchObject({ sequence: 150, destination: 'siem' });
  });

  it('takes nothing for delivered that the collector did not close', async () => {
    await record(3);
    collector.hangs = true;
    const destination = new SyslogDestination(options(), 1_000);
    await expect(forwardNextBatch(test.db, destination, 500)).rejects.toThrow('does not answer');
    expect(collector.sequences).toEqual([1, 2, 3]);
    expect(await cursor()).toBeUndefined();
    collector.hangs = false;
    expect(await forwardNextBatch(test.db, destination, 500)).toEqual({ by: 'us', records: 3 });
  });

  it('goes on after a restart where it was', async () => {
    await record(5);
    const before = forward(createDestination(options()));
    await expect.poll(cursor).toMatchObject({ sequence: 5 });
    await before.stop();
    await record(5);
    forward(createDestination(options()));
    await arrived().toEqual(new Set(upTo(10)));
    expect(collector.sequences).toEqual(upTo(10));
  });

  it('is sent by one process at a time, and by another when that one stops', async () => {
    const [first] = [1, 2, 3].map(() => forward(createDestination(options())));
    for (let i = 0; i < 10; i++) await record(10);
    await first?.stop();
    await record(10);
    await arrived().toEqual(new Set(upTo(110)));
    expect(collector.sequences).toEqual(upTo(110));
  });

  it('trusts only the configured authority, and the name that it expects', async () => {
    await record(1);
    const another = await makeCertificate('another');
    for (const change of [{ ca: another.cert }, { serverName: 'elsewhere.internal' }])
      await expect(forwardNextBatch(test.db, createDestination(options(change)), 500)).rejects.toThrow();
    expect(collector.messages).toEqual([]);
  });

  it('shows a certificate of its own where the collector asks for one', async () => {
    await record(1);
    const ours = await makeCertificate('sexton');
    const strict = new SyslogCollector({
      ...certificate,
      ca: ours.cert,
      requestCert: true,
      rejectUnauthorized: true,
    });
    await strict.start();
    const { port } = strict;
    await expect(forwardNextBatch(test.db, createDestination(options({ port })), 500)).rejects.toThrow();
    const client = { cert: ours.cert, key: ours.key };
    await forwardNextBatch(test.db, createDestination(options({ port, client })), 500);
    expect(strict.sequences).toEqual([1]);
    await strict.stop();
  });

  it('shortens what no collector would take, and says so', async () => {
    const reason = 'é'.repeat(3_000);
    await parts.log.record(
      test.db,
      anAuditEvent({ details: { tags: Array.from({ length: 2_000 }, (_, i) => `v${i}`) } }),
    );
    await parts.log.record(test.db, anAuditEvent({ reason }));
    await parts.log.record(
      test.db,
      anAuditEvent({ actor: { id: 'x'.repeat(9_000), name: 'x', address: null } }),
    );
    await parts.sealer.sealWaiting();
    await forwardNextBatch(test.db, createDestination(options()), 500);
    expect(collector.messages.map(({ record: { shortened } }) => shortened)).toEqual([
      ['details'],
      ['details', 'reason'],
      ['all'],
    ]);
    expect(collector.messages[1]?.record['reason']).toBe('é'.repeat(200));
  });
});

describe('a file', () => {
  let home: string;
  let path: string;

  beforeAll(async () => {
    home = await mkdtemp(join(tmpdir(), 'sexton-forward-'));
  });

  beforeEach(() => {
    path = join(home, `${Math.random()}.ndjson`);
  });

  afterAll(() => rm(home, { recursive: true, force: true }));

  const toFile = () => createDestination({ type: 'file', name: 'copy', path });
  const verified = (file = path) =>
    new FileVerification({ keys: [key] }).verify(linesOf(createReadStream(file)));

  it('gets everything, survives a torn line and what comes twice, and can be verified', async () => {
    await record(12);
    await forwardNextBatch(test.db, toFile(), 500);
    const whole = await readFile(path, 'utf8');
    await appendFile(path, whole.slice(0, 100));
    await test.db.deleteFrom('audit_forwarding').execute();
    await record(3);
    await forwardNextBatch(test.db, toFile(), 500);
    expect(await verified()).toMatchObject({
      status: 'whole',
      events: 15,
      repeated: 12,
      torn: 1,
      signedUpTo: 12,
    });
  });

  it('can be moved away at any moment', async () => {
    await record(4);
    await forwardNextBatch(test.db, toFile(), 500);
    await rename(path, `${path}.1`);
    await record(4);
    await forwardNextBatch(test.db, toFile(), 500);
    expect(await verified(`${path}.1`)).toMatchObject({ status: 'whole', events: 4, first: 1 });
    expect(await verified()).toMatchObject({ status: 'whole', events: 4, first: 5 });
  });

  it('that cannot be written is tried again, and keeps no other destination waiting', async () => {
    await record(2);
    const nowhere = createDestination({ type: 'file', name: 'lost', path: join(home, 'nothing', 'x') });
    forward(nowhere, createDestination(options()));
    await arrived().toEqual(new Set([1, 2]));
    await expect
      .poll(() => forwardingLag(test.db, ['lost', 'siem']))
      .toMatchObject([
        { destination: 'lost', waiting: 2 },
        { destination: 'siem', waiting: 0, oldestSeconds: 0 },
      ]);
    const [lost] = await forwardingLag(test.db, ['lost']);
    expect(lost?.oldestSeconds).toBeGreaterThan(0);
  });
});
