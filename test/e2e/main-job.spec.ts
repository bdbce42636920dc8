import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { headManifest, pushImage, pushIndex } from '../../tools/images.js';
import { startRedis, type RedisServer } from '../../tools/redis-server.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { deleteAndWait, untilEnded } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';

/** The whole way, on a real registry and both places where wake-ups can live. */
describe.each(['PostgreSQL', 'Redis'])('the main job, with the queue on %s', (store) => {
  let redis: RedisServer | null = null;
  let registry: RegistryServer;
  let gateway: TestGateway;
  const at = (repository: string) => ({ registryUrl: registry.url, repository });

  beforeAll(async () => {
    redis = store === 'Redis' ? await startRedis() : null;
    registry = await startRegistry();
    gateway = await startTestGateway({
      registries: [registryOptions('prod', registry.url)],
      redisUrl: redis?.url ?? null,
    });
  });

  afterAll(async () => {
    await gateway?.stop();
    await registry?.stop();
    await redis?.stop();
  });

  it('deletes a tag, verifies it, and says who, what, when and why in the audit log', async () => {
    const image = await pushImage(at('team-a/app'), { tags: ['v1.0'] });
    const deletion = await deleteAndWait(gateway.api(), {
      registry: 'prod',
      repository: 'team-a/app',
      references: ['v1.0'],
      reason: 'CVE-2026-1234',
      ticket: 'OPS-17',
    });
    expect(deletion).toMatchObject({
      state: 'succeeded',
      plan: { targets: [{ kind: 'manifest', digest: image.digest, because: 'requested', tags: ['v1.0'] }] },
      targets: [{ reference: 'v1.0', digest: image.digest, outcome: 'deleted' }],
    });
    expect((await headManifest(at('team-a/app'), 'v1.0')).status).toBe(404);
    expect((await headManifest(at('team-a/app'), image.digest)).status).toBe(404);
    const audit = await gateway.api().get(`/v1/audit/events?deletion=${deletion.id}`).expect(200);
    const items = (audit.body as { items: Record<string, unknown>[] }).items;
    expect(items.map((event) => event['action']).reverse()).toEqual([
      'deletion.requested',
      'deletion.planned',
      'deletion.queued',
      'deletion.started',
      'target.deleted',
      'deletion.finished',
    ]);
    expect(items.find((event) => event['action'] === 'target.deleted')).toMatchObject({
      actor: { name: 'SEXTON_ADMIN_KEY' },
      registry: 'prod',
      repository: 'team-a/app',
      reference: 'v1.0',
      digest: image.digest,
      reason: 'CVE-2026-1234',
      ticket: 'OPS-17',
    });
  });

  it('plans a dry run without touching anything, and executes exactly that plan', async () => {
    const image = await pushImage(at('team-a/dry'), { tags: ['v1'] });
    const body = { registry: 'prod', repository: 'team-a/dry', references: ['v1'], dryRun: true };
    const planned = await deleteAndWait(gateway.api(), body);
    expect(planned.state).toBe('planned');
    expect((await headManifest(at('team-a/dry'), 'v1')).digest).toBe(image.digest);
    await gateway.api().post(`/v1/deletions/${planned.id}/execute`).expect(202);
    expect((await untilEnded(gateway.api(), planned.id)).state).toBe('succeeded');
    expect((await headManifest(at('team-a/dry'), 'v1')).status).toBe(404);
  });

  it('deletes an index before its children, and keeps what another index shares', async () => {
    const repository = 'team-a/multi';
    const amd64 = await pushImage(at(repository), { architecture: 'amd64', content: 'amd64' });
    const arm64 = await pushImage(at(repository), { architecture: 'arm64', content: 'arm64' });
    const shared = await pushImage(at(repository), { architecture: 's390x', content: 'shared' });
    const old = await pushIndex(at(repository), [amd64, arm64, shared], { tags: ['v1'] });
    await pushIndex(at(repository), [shared], { tags: ['v2'] });
    const deletion = await deleteAndWait(gateway.api(), { registry: 'prod', repository, references: ['v1'] });
    expect(deletion.state).toBe('succeeded');
    expect(deletion.targets[0]?.digest).toBe(old.digest);
    expect(deletion.targets.map((target) => target.digest).sort()).toEqual(
      [old.digest, amd64.digest, arm64.digest].sort(),
    );
    expect((await headManifest(at(repository), amd64.digest)).status).toBe(404);
    expect((await headManifest(at(repository), shared.digest)).status).toBe(200);
    expect((await headManifest(at(repository), 'v2')).status).toBe(200);
  });
});
