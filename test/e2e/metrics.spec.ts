import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { CollectedRegistry } from '../support/collected-registry.js';
import { collectAndWait } from '../support/collections.js';
import { registryOptions, startTestGateway, type TestApi, type TestGateway } from '../support/gateway.js';
import { pushImages, untilState } from '../support/guarded.js';

const metricsOf = async (api: TestApi): Promise<string[]> =>
  (await api.get('/metrics').expect(200)).text.split('\n');

describe('what a deletion shows', () => {
  let registry: RegistryServer;
  let gateway: TestGateway;
  beforeAll(async () => {
    registry = await startRegistry();
    const rule = { name: 'production', registry: null, repository: 'prod/*', tags: null, targetsOver: null };
    const more = {
      shareOver: null,
      bytesOver: null,
      referrers: false,
      approvers: 1,
      expiresAfterMs: 3_600_000,
    };
    gateway = await startTestGateway({
      registries: [registryOptions('prod', registry.url), registryOptions('other', 'http://127.0.0.1:1')],
      guardrails: { approvals: [{ ...rule, ...more }] },
    });
  });
  afterAll(async () => {
    await gateway?.stop();
    await registry?.stop();
  });

  it('requests by route and status, never by what a client sent', async () => {
    const api = gateway.api();
    await api.get('/v1/deletions/01JD0000000000000000000000').expect(404);
    await api.get('/nothing/of/the/kind').expect(404);
    const counts = (await metricsOf(api)).filter((line) =>
      line.startsWith('sexton_http_request_duration_seconds_count'),
    );
    expect(counts).toContain(
      'sexton_http_request_duration_seconds_count{method="GET",route="/v1/deletions/:id",status="404"} 1',
    );
    expect(counts).toContain(
      'sexton_http_request_duration_seconds_count{method="GET",route="unmatched",status="404"} 1',
    );
    expect(counts.join()).not.toContain('01JD');
  });

  it('what waits for other people, what is paused, and the connections of the process', async () => {
    const api = gateway.api();
    await pushImages(registry.url, 'prod/app', 1);
    const body = { registry: 'prod', repository: 'prod/app', references: ['v1'], reason: 'a test' };
    const asked = await api.post('/v1/deletions').send(body).expect(202);
    await untilState(api, (asked.body as { id: string }).id, 'awaiting_approval');
    await api.post('/v1/pauses').send({ registry: 'other', reason: 'a test' }).expect(201);
    const lines = await metricsOf(api);
    for (const line of [
      'sexton_approvals_waiting_deletions{registry="prod"} 1',
      'sexton_registry_paused{registry="other"} 1',
      'sexton_registry_paused{registry="prod"} 0',
      'sexton_registry_parked{registry="prod"} 0',
      'sexton_database_pool_waiting 0',
      'sexton_metrics_failed_readings_total 0',
    ])
      expect(lines).toContain(line);
    expect(lines.join('\n')).toMatch(/^sexton_approvals_oldest_waiting_seconds\{registry="prod"\} [0-9.]+$/m);
    expect(lines.join('\n')).toMatch(/^sexton_database_pool_connections\{state="idle"\} \d+$/m);
  });
});

describe('what a collection shows', () => {
  const world = new CollectedRegistry();

  it('how much it moved, and when one last ended well', async () => {
    await world.deleteOneOfTwo();
    const collected = await collectAndWait(world.api);
    expect(collected.quarantined.bytes).toBeGreaterThan(0);
    const finishedAt = Date.parse(collected.finishedAt ?? '') / 1000;
    const lines = await metricsOf(world.api);
    for (const line of [
      `sexton_collection_quarantined_bytes{registry="prod"} ${collected.quarantined.bytes}`,
      'sexton_collection_restored_bytes{registry="prod"} 0',
      'sexton_collection_purged_bytes{registry="prod"} 0',
      'sexton_collection_progress_blobs{registry="prod"} 0',
      'sexton_collections_open{registry="prod",state="running"} 0',
      `sexton_collection_last_success_timestamp_seconds{registry="prod"} ${finishedAt}`,
    ])
      expect(lines).toContain(line);
  });
});
