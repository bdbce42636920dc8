import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, expect, it } from 'vitest';
import { sextonAs, type Sexton } from '../support/command.js';
import { startTestGateway, type TestGateway } from '../support/gateway.js';
import { startRegistryProxy, type RegistryProxy } from '../support/registry-proxy.js';

let gateway: TestGateway;
let way: RegistryProxy;
let sexton: Sexton;
const home = mkdtempSync(join(tmpdir(), 'sexton-audit-'));

beforeAll(async () => {
  gateway = await startTestGateway({ registries: [] });
  way = await startRegistryProxy(gateway.url);
  sexton = sextonAs(way.url, gateway.adminKey);
  await sexton('keys', 'create', 'ci', '--role', 'auditor');
});

afterAll(async () => {
  await way?.stop();
  await gateway?.stop();
  rmSync(home, { recursive: true, force: true });
});

it('lists events, narrowed, as a table and as JSON', async () => {
  const table = await sexton('audit', 'list', '--action', 'api_key.created');
  expect(table.stdout).toMatch(/^AT +ACTION +OUTCOME +BY +ON +REASON\n/);
  expect(table.stdout).toContain('api_key.created');
  const json = (await sexton('audit', 'list', '--limit', '1', '--json')).json<{ items: unknown[] }>();
  expect(json.items).toHaveLength(1);
  expect(await sexton('audit', 'list', '--action', 'no.such')).toMatchObject({ status: 2 });
});

it('exports to a file that verifies without the server, and to standard output', async () => {
  const file = join(home, 'audit.ndjson');
  expect(await sexton('audit', 'export', '--output', file)).toMatchObject({ status: 0, stdout: '' });
  const offline = await sextonAs('http://127.0.0.1:1', 'unused')('audit', 'verify', file);
  expect(offline.status).toBe(0);
  expect(offline.stdout).toMatch(/^WHOLE/);
  const piped = await sexton('audit', 'export');
  expect(piped.stdout.split('\n').at(-2)).toContain('"type":"end"');
  expect((await sexton('audit', 'export', '--format', 'csv')).stdout).toMatch(/^"sequence","at","action"/);
});

it('leaves no file behind, and does not touch an earlier one, where it cannot be whole', async () => {
  const file = join(home, 'kept.ndjson');
  expect(await sexton('audit', 'export', '--output', file)).toMatchObject({ status: 0 });
  const before = readFileSync(file, 'utf8');
  const half = before.slice(0, before.lastIndexOf('{"', before.length - 3));
  way.interfere(({ path }) => (path.includes('/export') ? { status: 200, body: half } : null));
  expect(await sexton('audit', 'export', '--output', file)).toMatchObject({ status: 8 });
  way.interfere(() => null);
  expect(readFileSync(file, 'utf8')).toBe(before);
  expect(existsSync(`${file}.part`)).toBe(false);
});

it("verifies the server's own log, against what was noted of it, and says when it was altered", async () => {
  const whole = await sexton('audit', 'verify');
  expect(whole.status).toBe(0);
  const [, head = ''] = /head (\d+:sha256:\w+|\d+:\w+)/.exec(whole.stdout) ?? [];
  expect(await sexton('audit', 'verify', '--head', head)).toMatchObject({ status: 0 });
  const [sequence = ''] = head.split(':');
  const other = `${sequence}:${head.slice(sequence.length + 1).replace(/.$/, (last) => (last === '0' ? '1' : '0'))}`;
  expect(await sexton('audit', 'verify', '--head', other)).toMatchObject({ status: 1 });
  await gateway.database.pool.query('alter table audit_events disable trigger all');
  await gateway.database.pool.query(
    "update audit_events set actor_name = 'nobody' where action = 'api_key.created'",
  );
  const broken = await sexton('audit', 'verify', '--json');
  expect(broken.status).toBe(1);
  expect(broken.json()).toMatchObject({ status: 'broken', fault: { kind: 'altered' } });
});
