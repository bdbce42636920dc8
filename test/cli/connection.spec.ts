import { createServer, type Server } from 'node:http';
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DeletionView } from '../../src/deletions/deletions.dto.js';
import { freePort } from '../../tools/free-port.js';
import { headManifest, pushImage } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { onTerminal, sextonAs, start, type Sexton } from '../support/command.js';
import { untilEnded } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';
import { startRegistryProxy, type RegistryProxy } from '../support/registry-proxy.js';

let registry: RegistryServer;
let gateway: TestGateway;
/** Between the command and the gateway. */
let way: RegistryProxy;
let sexton: Sexton;
let count = 0;
let repository = '';
let image = '';

const at = () => ({ registryUrl: registry.url, repository });
const because = ['--reason', 'a test'] as const;
const env = () => ({ SEXTON_URL: way.url, SEXTON_KEY: gateway.adminKey });
const asked = async (): Promise<DeletionView[]> => {
  const listed = await gateway.api().get(`/v1/deletions?repository=${repository}`).expect(200);
  return (listed.body as { items: DeletionView[] }).items;
};
const times = (method: string, path: RegExp): number =>
  way.requests.filter((request) => request.method === method && path.test(request.path)).length;

/** Lets the first so many requests of a kind meet trouble. */
const first = (
  trouble: number,
  method: string,
  path: RegExp,
  what: 'lose' | 'reset' | { status: number },
) => {
  let met = 0;
  way.interfere((request) =>
    request.method === method && path.test(request.path) && (met += 1) <= trouble ? what : null,
  );
};

beforeAll(async () => {
  registry = await startRegistry();
  gateway = await startTestGateway({ registries: [registryOptions('prod', registry.url)] });
  way = await startRegistryProxy(gateway.url);
  sexton = sextonAs(way.url, gateway.adminKey);
});

afterAll(async () => {
  await way?.stop();
  await gateway?.stop();
  await registry?.stop();
});

beforeEach(async () => {
  way.interfere(() => null);
  repository = `team-a/way${(count += 1)}`;
  image = `prod/${repository}`;
  await pushImage(at(), { tags: ['v1'] });
});

describe('a connection that breaks', () => {
  it('after the request arrived: it is sent again, with the same key, and is one deletion', async () => {
    first(2, 'POST', /^\/v1\/deletions$/, 'lose');
    const before = times('POST', /^\/v1\/deletions$/);
    const ran = await sexton('delete', `${image}:v1`, ...because, '--json');
    expect(ran.status).toBe(0);
    expect(ran.json()).toMatchObject({ state: 'succeeded' });
    expect(times('POST', /^\/v1\/deletions$/) - before).toBe(3);
    expect(await asked()).toHaveLength(1);
  });

  it('after a request that the plan refuses: the answer is the deletion that says so', async () => {
    await pushImage(at(), { tags: ['stable'] });
    const key = ['--idempotency-key', `again-${repository}`];
    expect(await sexton('delete', `${image}:v1`, ...because, ...key)).toMatchObject({ status: 3 });
    const again = await sexton('delete', `${image}:v1`, ...because, ...key, '--json');
    expect(again.status).toBe(3);
    expect(again.json()).toMatchObject({ state: 'refused' });
    expect(await asked()).toHaveLength(1);
  });

  it('for good: says which key makes it harmless to ask again; asked again it is still one deletion', async () => {
    first(99, 'POST', /^\/v1\/deletions$/, 'lose');
    const lost = await sexton('delete', `${image}:v1`, ...because);
    expect(lost).toMatchObject({ status: 8, stdout: '' });
    const [, key = ''] = /--idempotency-key (\S+):/.exec(lost.stderr) ?? [];
    way.interfere(() => null);
    expect(await sexton('delete', `${image}:v1`, ...because, '--idempotency-key', key)).toMatchObject({
      status: 0,
    });
    expect(await asked()).toHaveLength(1);
  });

  it('while it watches: it looks again, from the beginning', async () => {
    const { id } = (await sexton('plan', `${image}:v1`, ...because, '--json')).json<DeletionView>();
    first(2, 'GET', /\/events$/, 'reset');
    expect(await sexton('execute', id)).toMatchObject({ status: 0 });
  });

  it('on what cannot be sent again without harm: it is sent once, and how to look is said', async () => {
    const { id } = (await sexton('plan', `${image}:v1`, ...because, '--json')).json<DeletionView>();
    first(99, 'POST', /\/execute$/, 'lose');
    const before = times('POST', /\/execute$/);
    const lost = await sexton('execute', id);
    expect(lost.status).toBe(8);
    expect(lost.stderr).toContain(`sexton status ${id}`);
    expect(times('POST', /\/execute$/) - before).toBe(1);
    await untilEnded(gateway.api(), id);
  });
});

describe('an address that does not answer as Sexton', () => {
  it('nobody listens: 8, with the address and SEXTON_URL', async () => {
    const url = `http://127.0.0.1:${await freePort()}`;
    const ran = await sextonAs(url, gateway.adminKey)('list', '--json');
    expect(ran.status).toBe(8);
    expect(ran.stderr).toContain(`${url} (ECONNREFUSED)`);
    expect(ran.stderr).toContain('SEXTON_URL');
    expect(ran.json()).toMatchObject({ error: { code: 'unreachable', exitCode: 8 } });
  });

  const somebodyElse = async (
    answer: Parameters<typeof createServer>[1],
    work: (url: string) => Promise<void>,
  ): Promise<void> => {
    const server: Server = createServer(answer ?? (() => undefined));
    const port = await freePort();
    await new Promise<void>((done) => server.listen(port, '127.0.0.1', done));
    try {
      await work(`http://127.0.0.1:${port}`);
    } finally {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
    }
  };

  it('a redirect is not followed: neither the request nor the key goes elsewhere', async () => {
    const seen: string[] = [];
    await somebodyElse(
      (request, response) => {
        seen.push(`${request.method} ${request.url}`);
        response.writeHead(301, { location: `${gateway.url}${request.url}?token=secret` }).end();
      },
      async (url) => {
        const ran = await sextonAs(url, gateway.adminKey)('delete', `${image}:v1`, ...because);
        expect(ran.status).toBe(8);
        expect(ran.stderr).toContain(gateway.url);
        expect(ran.stderr).not.toContain('secret');
      },
    );
    expect(seen).toEqual(['POST /v1/deletions']);
    expect(await asked()).toEqual([]);
  });

  it.each([
    ['an error page', 404, 'text/html', '<h1>not here</h1>'],
    ['a log-in page', 200, 'text/html', '<h1>log in</h1>'],
    ['JSON of something else', 403, 'application/json', '{"message":"no"}'],
  ])('%s is 8, and never taken for an answer', async (_what, code, type, body) => {
    await somebodyElse(
      (_request, response) => response.writeHead(code, { 'content-type': type }).end(body),
      async (url) => {
        const ran = await sextonAs(url, gateway.adminKey)('list');
        expect(ran).toMatchObject({ status: 8, stdout: '' });
        expect(ran.stderr).toContain('SEXTON_URL');
      },
    );
  });

  it('a proxy that has no server behind it for a moment is asked again', async () => {
    first(2, 'GET', /^\/v1\/registries$/, { status: 502 });
    expect(await sexton('registries')).toMatchObject({ status: 0 });
  });
});

describe('waiting', () => {
  /** Accepted work waits until it is let go. */
  const held = async (): Promise<() => Promise<unknown>> => {
    const paused = await gateway.api().post('/v1/pauses').send({ reason: 'a test' }).expect(201);
    const { id } = paused.body as { id: string };
    return () => gateway.api().delete(`/v1/pauses/${id}`).send({ reason: 'a test' }).expect(204);
  };

  it('ends with --timeout: 9, how to look again, and the deletion goes on', async () => {
    const letGo = await held();
    const ran = await sexton('delete', `${image}:v1`, ...because, '--timeout', '3s', '--json');
    expect(ran.status).toBe(9);
    const [deletion] = await asked();
    expect(ran.stderr).toContain(`sexton status ${deletion?.id} --watch`);
    expect(ran.json()).toMatchObject({
      error: { code: 'timed_out', instance: `/v1/deletions/${deletion?.id}` },
    });
    await letGo();
    expect(await untilEnded(gateway.api(), deletion?.id ?? '')).toMatchObject({ state: 'succeeded' });
  });

  it('ends with Ctrl-C: 130, and the deletion goes on', async () => {
    const letGo = await held();
    const { id } = (
      await sexton('delete', `${image}:v1`, ...because, '--no-wait', '--json')
    ).json<DeletionView>();
    const running = start(['status', id, '--watch', '--json'], env());
    await running.until('"event":"state"');
    running.child.kill('SIGINT');
    const ran = await running.ended;
    expect(ran.status).toBe(130);
    expect(ran.stderr).toContain(`sexton status ${id} --watch`);
    await letGo();
    expect(await untilEnded(gateway.api(), id)).toMatchObject({ state: 'succeeded' });
  });
});

it('a reader who stops reading is 141, also of standard error: not 1, which says that the deletion failed', async () => {
  for (const args of [['list'], ['list', '--no-such-option']]) {
    const running = start(args, env());
    running.child.stdout?.destroy();
    running.child.stderr?.destroy();
    expect(await running.ended).toMatchObject({ status: 141 });
  }
});

describe('a credential', () => {
  it('that is not valid is 6, and no key stands anywhere in the output', async () => {
    const wrong = `sxt_${'w'.repeat(32)}`;
    const ran = await sextonAs(way.url, wrong)('delete', `${image}:v1`, ...because, '--json');
    expect(ran.status).toBe(6);
    expect(ran.stdout + ran.stderr).not.toContain(wrong);
    expect(ran.json()).toMatchObject({ error: { code: 'unauthenticated' } });
    expect((await headManifest(at(), 'v1')).status).toBe(200);
  });

  it('on the command line is refused, and not repeated', async () => {
    for (const words of [[`--key=${gateway.adminKey}`], ['--key', gateway.adminKey]]) {
      const ran = await sexton('list', ...words);
      expect(ran.status).toBe(2);
      expect(ran.stdout + ran.stderr).not.toContain(gateway.adminKey);
    }
  });

  it('can come from a file', async () => {
    const home = mkdtempSync(join(tmpdir(), 'sexton-key-'));
    const file = join(home, 'key');
    writeFileSync(file, `${gateway.adminKey}\n`);
    const { ended } = start(['registries'], { SEXTON_URL: way.url, SEXTON_KEY_FILE: file });
    expect(await ended).toMatchObject({ status: 0 });
    rmSync(home, { recursive: true });
  });
});

it('shows a bar on a terminal, and nothing on standard error elsewhere', async () => {
  await pushImage(at(), { tags: ['v2'], content: 'another' });
  expect(await sexton('delete', `${image}:v1`, ...because)).toMatchObject({ status: 0, stderr: '' });
  const { stdout, status } = await onTerminal(['delete', `${image}:v2`, '--reason', 'why'], env());
  expect(status).toBe(0);
  expect(stdout).toMatch(/[█░]{24} \d+\/\d+/);
  expect(stdout).toContain('succeeded');
});
