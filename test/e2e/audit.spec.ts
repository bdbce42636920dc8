import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { text } from 'node:stream/consumers';
import { fileURLToPath } from 'node:url';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { AuditLog } from '../../src/audit/audit-log.js';
import { publicPem } from '../../src/audit/signing-key.js';
import { anAuditEvent, aSigningKey, recordEvents } from '../support/audit.js';
import { startTestGateway, type TestGateway } from '../support/gateway.js';

const COMMAND = fileURLToPath(new URL('../../bin/sexton.mjs', import.meta.url));
const key = aSigningKey();

let gateway: TestGateway;
let home: string;
let pem: string;

beforeAll(async () => {
  home = await mkdtemp(join(tmpdir(), 'sexton-audit-'));
  pem = join(home, 'public.pem');
  gateway = await startTestGateway({ registries: [], audit: { signingKey: key, checkpointEvents: 5 } });
  await recordEvents(gateway.database, new AuditLog(), 20);
  await new AuditLog().record(gateway.runtime.db, anAuditEvent({ repository: 'team-b/app', reason: '=1+1' }));
  await vi.waitFor(
    async () =>
      expect((await verification()).body).toMatchObject({
        unsealed: 0,
        checkpoint: { number: expect.any(Number) as number },
      }),
    10_000,
  );
});

afterAll(async () => {
  await gateway.stop();
  await rm(home, { recursive: true, force: true });
});

const verification = () => gateway.api().get('/v1/audit/verification');

const aKey = async (role: string, scopes: readonly string[]): Promise<string> => {
  const made = await gateway
    .api()
    .post('/v1/api-keys')
    .send({ name: `a ${role}`, role, scopes })
    .expect(201);
  return (made.body as { secret: string }).secret;
};

const exported = async (query = '', key = gateway.adminKey) => {
  const response = await fetch(`${gateway.url}/v1/audit/export${query}`, {
    headers: { authorization: `Bearer ${key}` },
  });
  return { status: response.status, headers: response.headers, body: await response.text() };
};

/** The command as people run it. */
const sexton = async (args: readonly string[], input = '') => {
  const child = spawn(process.execPath, [COMMAND, 'audit', 'verify', ...args]);
  child.stdin.end(input);
  const [out, err] = await Promise.all([text(child.stdout), text(child.stderr), once(child, 'exit')]);
  return { code: child.exitCode, out, err };
};

describe('the audit log, as evidence', () => {
  it('is exported, and verified without a server', async () => {
    const { status, headers, body } = await exported();
    expect(status).toBe(200);
    expect(headers.get('content-type')).toBe('application/x-ndjson; charset=utf-8');
    expect(headers.get('content-disposition')).toMatch(/^attachment; filename="sexton-audit-\d+\.ndjson"$/);
    const keys = (await gateway.api().get('/v1/audit/keys').expect(200)).body as { keys: { pem: string }[] };
    expect(keys.keys).toMatchObject([{ kty: 'OKP', kid: key.id, pem: publicPem(key), current: true }]);
    await writeFile(pem, keys.keys[0]?.pem ?? '');

    const good = await sexton(['-', '--public-key', pem], body);
    expect(good).toMatchObject({ code: 0, err: '' });
    expect(good.out).toMatch(
      /^WHOLE {2}\d+ events, sequence 1 to \d+, head sha256:\w{64}\nSigned to its end; \d+ checkpoints\.\n$/,
    );

    const file = join(home, 'altered.ndjson');
    await writeFile(file, body.replace('"reference":"v7"', '"reference":"v8"'));
    const bad = await sexton([file, '--json']);
    expect(bad.code).toBe(1);
    expect(JSON.parse(bad.out)).toMatchObject({ status: 'broken', fault: { kind: 'altered' } });
    expect((await sexton([file])).out).toMatch(
      /^BROKEN {2}line \d+: The event or the seal of sequence \d+ was changed/,
    );
  });

  it('that was cut off is told by an earlier export', async () => {
    const file = join(home, 'earlier.ndjson');
    const later = join(home, 'later.ndjson');
    await writeFile(later, (await exported()).body);
    await writeFile(file, (await exported()).body);
    expect((await sexton([file, '--known', later, '--public-key', pem])).code).toBe(0);
    const cut = await sexton([later, '--known', file, '--public-key', pem]);
    expect(cut.code).toBe(1);
    expect(cut.out).toMatch(/^BROKEN {2}The chain ends at sequence \d+, but \d+ was seen elsewhere/);
  });

  it('has one answer to a wrong command line', async () => {
    const csv = join(home, 'a.csv');
    await writeFile(csv, (await exported('?format=csv')).body);
    await writeFile(join(home, 'broken.pem'), 'no key');
    for (const [args, message] of [
      [[csv], /is not an audit log; export it with format=ndjson/],
      [[join(home, 'nothing')], /cannot be read \(ENOENT\)/],
      [['-', '--public-key', join(home, 'broken.pem')], /does not hold an Ed25519 public key/],
      [['-', '--known', csv], /holds no audit events/],
      // Without a file it asks the server, and nobody said which.
      [[], /SEXTON_URL is not set/],
    ] as const) {
      const { code, err } = await sexton(args);
      expect(err).toMatch(message);
      expect(code).toBe(2);
    }
  });

  it('is exported for spreadsheets, with the same filters', async () => {
    const { headers, body } = await exported('?format=csv&repository=team-b/app');
    expect(headers.get('content-type')).toBe('text/csv; charset=utf-8');
    const rows = body.trimEnd().split('\r\n');
    expect(rows).toHaveLength(2);
    expect(rows[1]).toContain(`"'=1+1"`);
  });

  it('shows a caller its own repositories, in the list and in an export, and nothing of others', async () => {
    const team = await aKey('requester', ['prod/team-b/**:read']);
    const { body } = await exported('', team);
    expect(body).toContain('team-b/app');
    expect(body).not.toContain('team-a/app');
    const filtered = await exported('?repository=team-a/app', team);
    expect(filtered.body).not.toContain('"type":"event"');
    const list = await gateway.api(team).get('/v1/audit/events?repository=team-a/app').expect(200);
    expect(list.body).toEqual({ items: [], nextCursor: null });
    await gateway.api(team).get('/v1/audit/verification').expect(403);
  });

  it('says who exported what', async () => {
    await exported('?format=csv&ticket=OPS-9');
    const events = (query: string) => gateway.api().get(`/v1/audit/events?action=audit.exported${query}`);
    await expect
      .poll(async () => (await events('&outcome=succeeded&limit=1')).body as unknown)
      .toMatchObject({ items: [{ details: { format: 'csv', filters: { ticket: 'OPS-9' }, events: 0 } }] });
    expect((await events('&outcome=accepted&limit=1')).body).toMatchObject({
      items: [{ actor: { name: 'SEXTON_ADMIN_KEY', address: expect.any(String) as string } }],
    });
  });

  it('refuses what it does not know, before anything is streamed', async () => {
    for (const query of ['?format=xml', '?limit=5', '?since=yesterday', '?reason=x']) {
      const { status, headers } = await exported(query);
      expect(status).toBe(400);
      expect(headers.get('content-type')).toContain('application/problem+json');
    }
  });
});
