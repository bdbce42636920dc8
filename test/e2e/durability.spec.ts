import { spawnSync } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import type { DeletionView } from '../../src/deletions/deletions.dto.js';
import { headManifest, pushImage } from '../../tools/images.js';
import { startRedis, type RedisServer } from '../../tools/redis-server.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { untilEnded } from '../support/deletions.js';
import { installGateway, type GatewayProcess, type Installation } from '../support/gateway-process.js';
import { startRegistryProxy, type RegistryProxy } from '../support/registry-proxy.js';

let registry: RegistryServer;
let proxy: RegistryProxy;
let count = 0;
let repository = '';

const at = () => ({ registryUrl: registry.url, repository });
const TAGS = ['a', 'b', 'c', 'd'];

beforeAll(async () => {
  registry = await startRegistry();
  proxy = await startRegistryProxy(registry.url);
});

afterAll(async () => {
  await proxy?.stop();
  await registry?.stop();
});

beforeEach(async () => {
  proxy.interfere(() => null);
  repository = `team-a/durable${(count += 1)}`;
  for (const tag of TAGS) await pushImage(at(), { tags: [tag], content: `${repository} ${tag}` });
});

/** Waits before the `nth` real delete of the repository; tells when it is there, and lets it go on. */
const holdDelete = (nth: number) => {
  let deletes = 0;
  let arrive = (): void => undefined;
  let release = (): void => undefined;
  const arrived = new Promise<void>((resolve) => (arrive = resolve));
  const released = new Promise<void>((resolve) => (release = resolve));
  // The first two DELETEs are the probe's, of what cannot exist.
  proxy.interfere(async ({ method, path }) => {
    if (method === 'DELETE' && path.includes(repository) && (deletes += 1) === nth + 2) {
      arrive();
      await released;
    }
    return null;
  });
  return { arrived, release: () => release() };
};

const post = (gateway: GatewayProcess, key?: string) => {
  const body = { registry: 'prod', repository, references: TAGS, reason: 'durability' };
  const test = gateway.api().post('/v1/deletions');
  return (key === undefined ? test : test.set('Idempotency-Key', key)).send(body);
};

const expectAllGone = async (gateway: GatewayProcess, id: string) => {
  const deletion = await untilEnded(gateway.api(), id);
  expect(deletion.problem).toBeNull();
  expect(deletion.targets.map((target) => target.outcome)).toEqual(TAGS.map(() => 'deleted'));
  expect(deletion.state).toBe('succeeded');
  for (const tag of TAGS) expect((await headManifest(at(), tag)).status).toBe(404);
  const audit = await gateway.api().get(`/v1/audit/events?deletion=${id}&action=target.deleted`).expect(200);
  expect((audit.body as { items: unknown[] }).items).toHaveLength(TAGS.length);
  const verification = await gateway.api().get('/v1/audit/verification').expect(200);
  expect(verification.body).toMatchObject({ status: 'whole' });
};

describe.each(['PostgreSQL', 'Redis'])('accepted work, with the queue on %s', (store) => {
  let redis: RedisServer | null = null;
  let database: TestDatabase;
  let installation: Installation;
  const running: GatewayProcess[] = [];

  const start = async (...args: string[]): Promise<GatewayProcess> => {
    const gateway = await installation.start(args);
    running.push(gateway);
    return gateway;
  };

  beforeAll(async () => {
    redis = store === 'Redis' ? await startRedis() : null;
    database = await createTestDatabase();
    installation = await installGateway({
      registryUrl: proxy.url,
      databaseUrl: database.url,
      ...(redis && { redisUrl: redis.url }),
    });
  });

  afterEach(async () => {
    await Promise.all(running.splice(0).map((gateway) => gateway.server.stop()));
  });

  afterAll(async () => {
    await installation?.remove();
    await database?.drop();
    await redis?.stop();
  });

  it('survives kill -9 in the middle of a delete', async () => {
    const gateway = await start();
    const { arrived, release } = holdDelete(2);
    const accepted = await post(gateway).expect(202);
    await arrived;
    await gateway.server.stop('SIGKILL');
    release();
    await expectAllGone(await start(), (accepted.body as DeletionView).id);
  });

  it('is finished target by target on SIGTERM, and the rest is handed back', async () => {
    const gateway = await start();
    const { arrived, release } = holdDelete(2);
    const accepted = await post(gateway).expect(202);
    const { id } = accepted.body as DeletionView;
    await arrived;
    const exited = once(gateway.server.child, 'exit');
    gateway.server.child.kill('SIGTERM');
    release();
    expect((await exited)[0]).toBe(0);
    const rows = await database.db
      .selectFrom('deletion_targets')
      .select('outcome')
      .where('deletion_id', '=', id)
      .orderBy('position')
      .execute();
    expect(rows.map((row) => row.outcome)).toEqual(['deleted', 'deleted', null, null]);
    expect((await headManifest(at(), 'd')).status).toBe(200);
    const row = await database.db
      .selectFrom('deletions')
      .select('state')
      .where('id', '=', id)
      .executeTakeFirst();
    expect(row?.state).toBe('queued');
    await expectAllGone(await start(), id);
  });

  it('survives the loss of the whole queue', async () => {
    const api = await start('--role', 'api');
    const accepted = await post(api).set('Prefer', 'respond-async').expect(202);
    if (redis) await redis.flush();
    else await database.pool.query('truncate bullmq.job cascade');
    await start('--role', 'worker');
    await expectAllGone(api, (accepted.body as DeletionView).id);
  });

  it('is done once by many processes, and an Idempotency-Key holds in all of them', async () => {
    const [api] = await Promise.all([
      start('--role', 'api'),
      start('--role', 'worker'),
      start('--role', 'worker'),
    ]);
    const other = await start('--role', 'api');
    if (!api) throw new Error('no api');
    const [first, second] = await Promise.all([post(api, `once-${store}`), post(other, `once-${store}`)]);
    expect(second.headers['location']).toBe(first.headers['location']);
    await expectAllGone(api, (first.body as DeletionView).id);
    await api.server.stop('SIGKILL');
    const again = await post(await start('--role', 'api'), `once-${store}`);
    expect(again.body).toMatchObject({ id: (first.body as DeletionView).id, state: 'succeeded' });
  });
});

describe('the embedded default', () => {
  it('needs no other server, and comes back with its data after kill -9', async () => {
    const installation = await installGateway({ registryUrl: proxy.url });
    const gateway = await installation.start();
    const { arrived, release } = holdDelete(3);
    const accepted = await post(gateway).expect(202);
    await arrived;
    await gateway.server.stop('SIGKILL');
    release();
    const again = await installation.start();
    await expectAllGone(again, (accepted.body as DeletionView).id);
    const second = await installation.start().then(
      () => null,
      (error: unknown) => String(error),
    );
    expect(second).toContain('another Sexton runs on the data directory');
    expect((await fetch(`${again.url}/readyz`)).status).toBe(200);
    await again.server.stop();
    await installation.remove();
  });
});

describe('a configuration that is not right', () => {
  const program = fileURLToPath(new URL('../../dist/main.js', import.meta.url));
  const run = (env: Record<string, string>, ...args: string[]) =>
    spawnSync(process.execPath, [program, ...args], {
      env: { PATH: process.env['PATH'] ?? '', ...env },
      encoding: 'utf8',
    });

  it('does not start: without any, it says what to configure', () => {
    const { status, stderr } = run({});
    expect(status).toBe(78);
    expect(stderr).toContain('SEXTON_CONFIG');
    expect(stderr).toContain('registries:');
  });

  it('does not start: every fault is named, no stack trace is shown', () => {
    const { status, stderr } = run({
      SEXTON_CONFIG: '/nonexistent/sexton.yaml',
      PORT: 'http',
      SEXTON_ADMIN_KEY: 'short-secret',
    });
    expect(status).toBe(78);
    for (const name of ['SEXTON_CONFIG', 'PORT', 'SEXTON_ADMIN_KEY']) expect(stderr).toContain(name);
    expect(stderr).not.toContain('short-secret');
    expect(stderr).not.toContain('    at ');
    expect(run({}, '--role', 'boss').stderr).toContain('all, api, worker');
    expect(run({}, '--help').stdout).toContain('Usage');
  });
});
