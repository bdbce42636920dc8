import { cp, mkdir, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import type { DeletionView } from '../../src/deletions/deletions.dto.js';
import { pushImage } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { untilEnded } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';

const TAGS = 10_000;

let registry: RegistryServer;
let gateway: TestGateway;

beforeAll(async () => {
  registry = await startRegistry();
  gateway = await startTestGateway({
    registries: [registryOptions('prod', registry.url, { requestTimeoutMs: 30_000 })],
  });
});
afterAll(async () => {
  await gateway?.stop();
  await registry?.stop();
});

/** As many tags as asked for, on two images: written into the registry's files, which is what a push ends in. */
const tagMany = async (repository: string): Promise<void> => {
  const to = { registryUrl: registry.url, repository };
  const odd = await pushImage(to, { tags: ['odd'], content: 'odd' });
  const even = await pushImage(to, { tags: ['even'], content: 'even' });
  const folder = join(registry.storageDir, 'docker/registry/v2/repositories', repository, '_manifests/tags');
  for (let at = 0; at < TAGS - 2; at += 1) {
    const { digest } = at % 2 === 0 ? even : odd;
    const current = join(folder, `v${at}`, 'current');
    await mkdir(current, { recursive: true });
    await writeFile(join(current, 'link'), digest);
    if (at === 0) await cp(join(folder, 'even', 'index'), join(folder, 'v0', 'index'), { recursive: true });
  }
};

/** The events of the stream, read while they come. */
const eventsOf = async (id: string): Promise<{ type: string; data: Record<string, unknown> }[]> => {
  const text = (await gateway.api().get(`/v1/deletions/${id}/events`).expect(200)).text;
  return text
    .split('\n\n')
    .filter((block) => block.includes('data:'))
    .map((block) => ({
      type: /^event: (.*)$/m.exec(block)?.[1] ?? '',
      data: JSON.parse(/^data: (.*)$/m.exec(block)?.[1] ?? '{}') as Record<string, unknown>,
    }));
};

describe('a repository with 10,000 tags', () => {
  it('is planned with its progress in view, and pinned tag by tag', async () => {
    await tagMany('big/app');
    const answer = await gateway
      .api()
      .post('/v1/deletions')
      .set('Prefer', 'respond-async')
      .send({
        registry: 'prod',
        repository: 'big/app',
        selector: { tags: 'v*' },
        siblings: 'untag',
        reason: 'too many',
        dryRun: true,
      })
      .expect(202);
    const { id } = answer.body as DeletionView;
    const events = await eventsOf(id);
    const progress = events.filter(({ type }) => type === 'progress').map(({ data }) => data);
    // Told at most so often: how many stages are seen depends on how long each of them takes.
    const ofTags = progress.filter(({ stage }) => stage === 'tags');
    expect(ofTags).not.toEqual([]);
    for (const { total } of ofTags) expect(total).toBe(TAGS);
    for (const { stage, done, total } of progress) {
      expect(['tags', 'ages', 'manifests']).toContain(stage);
      expect(Number(done)).toBeLessThanOrEqual(Number(total));
    }
    const deletion = await untilEnded(gateway.api(), id);
    expect(deletion.problem).toBeNull();
    expect(deletion).toMatchObject({ state: 'planned', progress: null });
    expect(deletion.plan?.targets).toHaveLength(TAGS - 2);
    expect(new Set(deletion.plan?.targets.map(({ kind }) => kind))).toEqual(new Set(['tag']));
  }, 180_000);
});
