import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, vi } from 'vitest';
import type { DeletionView } from '../../src/deletions/deletions.dto.js';
import { pushImage } from '../../tools/images.js';
import { startRedis, type RedisServer } from '../../tools/redis-server.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { createTestDatabase, type TestDatabase } from '../support/database.js';
import { untilEnded } from '../support/deletions.js';
import { installGateway, type GatewayProcess, type Installation } from '../support/gateway-process.js';
import { startRegistryProxy, type RegistryProxy } from '../support/registry-proxy.js';
import { startTraceReceiver, type TraceReceiver } from '../support/trace-receiver.js';

const PASSWORD = 'never-in-a-trace';
const TRACE = '4bf92f3577b34da6a3ce929d0e0e4736';
const CLIENT_SPAN = '00f067aa0ba902b7';

// Two or three starts of whole processes each, also on a busy machine.
vi.setConfig({ testTimeout: 240_000 });

let registry: RegistryServer;
let proxy: RegistryProxy;
let redis: RedisServer;
let database: TestDatabase;
let receiver: TraceReceiver;
let installation: Installation;
const running: GatewayProcess[] = [];

const start = async (role: string): Promise<GatewayProcess> => {
  const gateway = await installation.start(['--role', role]);
  running.push(gateway);
  return gateway;
};

const ask = async (api: GatewayProcess, repository: string): Promise<string> => {
  const accepted = await api
    .api()
    .post('/v1/deletions?ignored=secret-of-a-query')
    .set('traceparent', `00-${TRACE}-${CLIENT_SPAN}-01`)
    .set('X-Request-Id', 'request-of-a-test')
    .set('Prefer', 'respond-async')
    .send({ registry: 'prod', repository, references: ['v1'], reason: 'a test' });
  expect(accepted.status).toBe(202);
  return (accepted.body as DeletionView).id;
};

beforeAll(async () => {
  registry = await startRegistry();
  proxy = await startRegistryProxy(registry.url);
  redis = await startRedis();
});

afterAll(async () => {
  await redis?.stop();
  await proxy?.stop();
  await registry?.stop();
});

beforeEach(async () => {
  proxy.interfere(() => null);
  database = await createTestDatabase();
  receiver = await startTraceReceiver();
  installation = await installGateway({
    registryUrl: proxy.url,
    databaseUrl: database.url,
    redisUrl: redis.url,
    registry: { credentials: { username: 'sexton', passwordEnv: 'REGISTRY_PASSWORD' } },
    env: {
      REGISTRY_PASSWORD: PASSWORD,
      OTEL_EXPORTER_OTLP_ENDPOINT: receiver.endpoint,
      OTEL_EXPORTER_OTLP_HEADERS: 'x-tenant=test',
      OTEL_BSP_SCHEDULE_DELAY: '100',
    },
  });
});

afterEach(async () => {
  await Promise.all(running.splice(0).map((gateway) => gateway.server.stop()));
  await receiver?.stop();
  await installation?.remove();
  await database?.drop();
});

describe('one deletion, asked of one process and carried out by another', () => {
  it('is one trace, from the HTTP call through the queue to the registry', async () => {
    const api = await start('api');
    const worker = await start('worker');
    await pushImage(
      { registryUrl: registry.url, repository: 'team-a/traced' },
      { tags: ['v1'], content: 'a' },
    );
    const id = await ask(api, 'team-a/traced');
    expect(await untilEnded(api.api(), id)).toMatchObject({ problem: null, state: 'succeeded' });

    const request = await receiver.until(({ name }) => name === 'POST /v1/deletions');
    expect(request).toMatchObject({ traceId: TRACE, parentSpanId: CLIENT_SPAN, pid: api.server.child.pid });
    const execution = await receiver.until(({ name }) => name === 'deletion execute');
    const sent = await receiver.until(
      (span) => span.name === 'registry DELETE' && receiver.above(span).includes(execution),
    );
    expect(sent.pid).toBe(worker.server.child.pid);
    expect(sent.attributes.get('http.response.status_code')).toBe(202);
    expect(receiver.above(sent).map(({ name }) => name)).toEqual([
      'deletion target',
      'deletion execute',
      'POST /v1/deletions',
    ]);
    const plan = await receiver.until(({ name }) => name === 'deletion plan');
    expect(receiver.above(plan)).toEqual([request]);
    const waits = receiver.spans().filter(({ name }) => name === 'queue wait');
    expect(waits.map(({ parentSpanId }) => parentSpanId).sort()).toEqual(
      [plan.spanId, execution.spanId].sort(),
    );
    expect(execution.attributes.get('sexton.deletion')).toBe(id);
    const targets = receiver.spans().filter(({ name }) => name === 'deletion target');
    expect(targets.map(({ attributes }) => attributes.get('sexton.outcome'))).toEqual(['deleted']);

    const lines = worker.server.log().split('\n');
    const finished = lines.find((line) => line.includes('"finished"'));
    expect(JSON.parse(finished ?? '{}')).toMatchObject({
      trace: TRACE,
      request: 'request-of-a-test',
      deletion: id,
    });
    for (const secret of [PASSWORD, installation.adminKey, 'secret-of-a-query', '?']) {
      expect(receiver.raw()).not.toContain(secret);
    }
    expect(receiver.raw()).toContain('"x-tenant":"test"');
  });

  it('stays that trace when the worker is killed in the middle', async () => {
    const api = await start('api');
    await pushImage(
      { registryUrl: registry.url, repository: 'team-a/killed' },
      { tags: ['v1'], content: 'b' },
    );
    let arrive = (): void => undefined;
    const arrived = new Promise<void>((resolve) => (arrive = resolve));
    let release = (): void => undefined;
    const released = new Promise<void>((resolve) => (release = resolve));
    proxy.interfere(async ({ method, path }) => {
      // Those of the probe name another digest, all zeros.
      if (method === 'DELETE' && /killed\/manifests\/sha256:(?!0{64})/.test(path)) {
        arrive();
        await released;
      }
      return null;
    });
    const id = await ask(api, 'team-a/killed');
    const first = await start('worker');
    await arrived;
    await first.server.stop('SIGKILL');
    release();
    const second = await start('worker');
    expect(await untilEnded(api.api(), id)).toMatchObject({ problem: null, state: 'succeeded' });
    const execution = await receiver.until(
      ({ name, pid }) => name === 'deletion execute' && pid === second.server.child.pid,
    );
    expect(execution.traceId).toBe(TRACE);
    expect(receiver.above(execution).map(({ name }) => name)).toEqual(['POST /v1/deletions']);
  });
});
