import { readFileSync } from 'node:fs';
import request from 'supertest';
import { afterAll, beforeAll, describe, expect, it, vi } from 'vitest';
import { startRedis, type RedisServer } from '../../tools/redis-server.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';

let registry: RegistryServer;
let redis: RedisServer;
let gateway: TestGateway;
const open = (path: string) => request(gateway.url).get(path);

beforeAll(async () => {
  registry = await startRegistry();
  redis = await startRedis();
  gateway = await startTestGateway({
    registries: [registryOptions('prod', registry.url)],
    redisUrl: redis.url,
  });
});

afterAll(async () => {
  await gateway?.stop();
  await redis?.stop();
  await registry?.stop();
});

describe('what operators look at', () => {
  it('health, readiness and metrics are open, and name no registry or secret in readiness', async () => {
    await open('/healthz').expect(200);
    const ready = await open('/readyz').expect(200);
    expect(ready.body).toMatchObject({
      status: 'ready',
      checks: [
        { name: 'database', status: 'ok' },
        { name: 'queue', status: 'ok' },
      ],
    });
    const metrics = await open('/metrics').expect(200);
    for (const name of [
      'sexton_deletions_ended_total',
      'sexton_queue_waiting_deletions',
      'sexton_audit_unsealed_events',
    ]) {
      expect(metrics.text).toContain(name);
    }
  });

  it('the documentation is there, and the document served is the committed one', async () => {
    const page = await open('/docs').redirects(1).expect(200);
    expect(page.text).toContain('swagger');
    const served = await open('/openapi.json').expect(200);
    const committed = JSON.parse(
      readFileSync(new URL('../../openapi/sexton.json', import.meta.url), 'utf8'),
    ) as object;
    expect(served.body).toEqual(committed);
  });

  it('answers carry the headers of a careful server, and no CORS', async () => {
    const { headers } = await open('/healthz').set('Origin', 'https://elsewhere.example');
    expect(headers['x-powered-by']).toBeUndefined();
    expect(headers['access-control-allow-origin']).toBeUndefined();
    expect(headers['content-security-policy']).toContain("default-src 'self'");
    expect(headers['x-content-type-options']).toBe('nosniff');
  });

  it('a request is accepted while Redis is away, and not ready says so', async () => {
    await redis.stop();
    const accepted = await gateway
      .api()
      .post('/v1/deletions')
      .set('Prefer', 'respond-async')
      .send({ registry: 'prod', repository: 'team-a/app', references: ['v1'], reason: 'a test' });
    expect(accepted.status).toBe(202);
    await vi.waitFor(async () => {
      const response = await open('/readyz').expect(503);
      expect(response.body).toMatchObject({
        checks: [{ status: 'ok' }, { name: 'queue', status: 'failing' }],
      });
    }, 10_000);
  });
});

describe('a gateway that stops', () => {
  it('ends the event streams that clients still follow', async () => {
    const stopping = await startTestGateway({ registries: [registryOptions('prod', 'http://127.0.0.1:1')] });
    const accepted = await stopping
      .api()
      .post('/v1/deletions')
      .set('Prefer', 'respond-async')
      .send({ registry: 'prod', repository: 'team-a/app', references: ['v1'], reason: 'a test' })
      .expect(202);
    const { id } = accepted.body as { id: string };
    const response = await fetch(`${stopping.url}/v1/deletions/${id}/events`, {
      headers: { authorization: `Bearer ${stopping.adminKey}` },
    });
    const reader = response.body?.getReader();
    await reader?.read();
    await stopping.stop();
    for (;;) {
      const { done } = (await reader?.read().catch(() => ({ done: true }))) ?? { done: true };
      if (done) break;
    }
  });

  it('as a worker answers those who watch it, and nobody else', async () => {
    const worker = await startTestGateway({
      registries: [registryOptions('prod', registry.url)],
      role: 'worker',
    });
    await request(worker.url).get('/readyz').expect(200);
    await request(worker.url).get('/metrics').expect(200);
    await worker.api().get('/v1/deletions').expect(404);
    await worker.stop();
  });
});
