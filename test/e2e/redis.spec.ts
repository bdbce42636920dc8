import { Redis } from 'ioredis';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { redisWarnings } from '../../src/queue/redis-settings.js';
import { pushImage } from '../../tools/images.js';
import { startRedisCluster, startRedisSentinel } from '../../tools/redis-many.js';
import { startRedis } from '../../tools/redis-server.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { deleteAndWait, untilEnded } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';

describe('settings of Redis that lose wake-ups', () => {
  it.each([
    ['an eviction policy', ['--maxmemory-policy', 'allkeys-lru'], ['maxmemory-policy']],
    ['no append-only file', ['--appendonly', 'no'], ['appendonly']],
    ['neither to be seen', ['--rename-command', 'CONFIG', ''], ['maxmemory-policy']],
    ['nothing wrong', [], []],
  ])('are told at the start: %s', async (_, args, settings) => {
    const redis = await startRedis({ appendOnly: true, args });
    const warnings = await redisWarnings(redis.url);
    expect(warnings.map(({ setting }) => setting)).toEqual(settings);
    if (args.includes('CONFIG')) expect(warnings[0]?.advice).toContain('could not be read');
    await redis.stop();
  });

  it('stand in the log, with what to change, and hold nothing up', async () => {
    const redis = await startRedis({ args: ['--maxmemory-policy', 'volatile-ttl'] });
    const gateway = await startTestGateway({ registries: [], redisUrl: redis.url });
    await vi.waitFor(() => {
      const lines = gateway.logLines.filter((line) => line.includes('Redis may lose wake-ups'));
      expect(lines).toHaveLength(2);
      expect(lines.join()).toContain('Set maxmemory-policy noeviction');
      expect(lines.join()).toContain('Set appendonly yes');
    }, 10_000);
    await gateway.stop();
    await redis.stop();
  });
});

describe('a Redis that hangs', () => {
  it('delays no answer: the request is durable, and is worked on once Redis answers again', async () => {
    const registry = await startRegistry();
    const redis = await startRedis();
    const gateway = await startTestGateway({
      registries: [registryOptions('prod', registry.url)],
      redisUrl: redis.url,
    });
    const body = { registry: 'prod', repository: 'hanging/app', references: ['v1'], reason: 'a test' };
    // So that connections and queues are open.
    await deleteAndWait(gateway.api(), { ...body, repository: 'before/app' });
    const client = new Redis(redis.url);
    await client.client('PAUSE', 6_000);
    const asked = await gateway.api().post('/v1/deletions').set('Prefer', 'respond-async').send(body);
    expect(asked.status).toBe(202);
    const notRung = 'sexton_queue_wake_ups_not_rung_total{registry="prod"} 1';
    const metrics = async (): Promise<string> => (await gateway.api().get('/metrics').expect(200)).text;
    // The answer came before the wake-up was given up.
    expect(await metrics()).not.toContain(notRung);
    await untilEnded(gateway.api(), (asked.body as { id: string }).id);
    expect(await metrics()).toContain(notRung);
    expect(gateway.logLines.join()).toContain('the queue took no wake-up; the reconciler will ring again');
    client.disconnect();
    await gateway.stop();
    await redis.stop();
    await registry.stop();
  });
});

describe('more than one Redis', () => {
  let registry: RegistryServer;
  beforeAll(async () => {
    registry = await startRegistry();
  });
  afterAll(() => registry?.stop());

  const succeeds = async (gateway: TestGateway, repository: string): Promise<void> => {
    await pushImage({ registryUrl: registry.url, repository }, { tags: ['v1'], content: repository });
    const body = { registry: 'prod', repository, references: ['v1'] };
    expect(await deleteAndWait(gateway.api(), body)).toMatchObject({ state: 'succeeded' });
  };

  it('a cluster of three carries the wake-ups', async () => {
    const cluster = await startRedisCluster();
    const gateway = await startTestGateway({
      registries: [registryOptions('prod', registry.url)],
      redisUrl: cluster.url,
    });
    for (const name of ['a', 'b', 'c']) await succeeds(gateway, `cluster/${name}`);
    await gateway.api().get('/readyz').expect(200);
    await gateway.stop();
    await cluster.stop();
  });

  it('work goes on at the new master after the old one died, as the sentinel says', async () => {
    const sentinel = await startRedisSentinel();
    const gateway = await startTestGateway({
      registries: [registryOptions('prod', registry.url)],
      redisUrl: sentinel.url,
    });
    await succeeds(gateway, 'sentinel/before');
    await sentinel.failOver();
    await succeeds(gateway, 'sentinel/after');
    await vi.waitFor(() => gateway.api().get('/readyz').expect(200), 30_000);
    await gateway.stop();
    await sentinel.stop();
  });
});
