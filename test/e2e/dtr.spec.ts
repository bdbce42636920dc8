import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest';
import type { DeletionView } from '../../src/deletions/deletions.dto.js';
import type { DtrServer } from '../../tools/fakes/dtr-server.js';
import { headManifest, pushImage } from '../../tools/images.js';
import { addRepository, SEXTON, startDtr } from '../registries/dtr-world.js';
import { deleteAndWait } from '../support/deletions.js';
import { startTestGateway, type TestGateway } from '../support/gateway.js';
import { registryOptions } from '../support/registry-options.js';

let old: DtrServer;
let recent: DtrServer;
let gateway: TestGateway;

beforeAll(async () => {
  old = await startDtr({ version: '2.5' });
  recent = await startDtr({ version: '2.6' });
  const options = { type: 'dtr', credentials: SEXTON } as const;
  gateway = await startTestGateway({
    registries: [registryOptions('old', old.url, options), registryOptions('recent', recent.url, options)],
  });
});

afterEach(() => {
  expect([...old.violations, ...recent.violations]).toEqual([]);
});

afterAll(async () => {
  await gateway?.stop();
  await Promise.all([old?.stop(), recent?.stop()]);
});

const ask = (
  registry: string,
  repository: string,
  references: string[],
  changes = {},
): Promise<DeletionView> => deleteAndWait(gateway.api(), { registry, repository, references, ...changes });

describe('a deletion on a Docker Trusted Registry', () => {
  it('removes one tag of two, then the manifest with the other', async () => {
    const { repository, to } = addRepository(old);
    const { digest } = await pushImage(to, { tags: ['v1', 'stable'] });
    expect(await ask('old', repository, ['v1'], { siblings: 'untag' })).toMatchObject({
      state: 'succeeded',
      targets: [{ reference: 'v1', digest, outcome: 'untagged' }],
    });
    expect(await headManifest(to, 'v1')).toMatchObject({ status: 404 });
    expect(await headManifest(to, 'stable')).toMatchObject({ status: 200, digest });
    expect(await ask('old', repository, [digest], { siblings: 'include' })).toMatchObject({
      state: 'succeeded',
      targets: [{ digest, outcome: 'deleted' }],
    });
    expect(await headManifest(to, digest)).toMatchObject({ status: 404 });
    expect(old.repositories.get(repository)?.tags.size).toBe(0);
  });

  it('refuses a shared digest like anywhere else, and deletes nothing', async () => {
    const { repository, to } = addRepository(old);
    await pushImage(to, { tags: ['v1', 'stable'] });
    const refused = await ask('old', repository, ['v1']);
    expect(refused).toMatchObject({ state: 'refused', plan: { refusals: [{ code: 'shared_digest' }] } });
    expect([...(old.repositories.get(repository)?.tags.keys() ?? [])]).toEqual(['v1', 'stable']);
  });

  it('removes the last tag, and no digest, where the version deletes tags only', async () => {
    const { repository, to } = addRepository(recent);
    const { digest } = await pushImage(to, { tags: ['v1'] });
    expect(await ask('recent', repository, [digest])).toMatchObject({
      state: 'refused',
      plan: { refusals: [{ code: 'digest_unsupported', tags: ['v1'] }] },
    });
    expect(await headManifest(to, 'v1')).toMatchObject({ status: 200 });
    expect(await ask('recent', repository, ['v1'])).toMatchObject({
      state: 'succeeded',
      targets: [{ reference: 'v1', outcome: 'untagged' }],
    });
    expect(await headManifest(to, 'v1')).toMatchObject({ status: 404 });
  });

  it('leaves a signed tag, and says what to do', async () => {
    const { repository, to } = addRepository(recent);
    await pushImage(to, { tags: ['v1'] });
    recent.repositories.get(repository)?.signed.add('v1');
    expect(await ask('recent', repository, ['v1'])).toMatchObject({
      state: 'failed',
      targets: [{ outcome: 'failed', code: 'tag_in_notary' }],
    });
    expect(await headManifest(to, 'v1')).toMatchObject({ status: 200 });
  });

  it('needs a namespace', async () => {
    const deletion = await ask('old', 'toutiao.baseimage', ['v1']);
    expect(deletion).toMatchObject({
      state: 'failed',
      problem: { code: 'repository_name_unsupported' },
    });
  });

  it('can be seen to be possible', async () => {
    const registries = await gateway.api().get('/v1/registries').expect(200);
    expect(registries.body).toMatchObject({
      items: [
        { name: 'old', type: 'dtr', capabilities: { deletes: 'manifests', untag: 'native' } },
        { name: 'recent', type: 'dtr', capabilities: { deletes: 'tags', untag: 'native' } },
      ],
    });
    const repositories = await gateway.api().get('/v1/registries/old/repositories').expect(200);
    expect((repositories.body as { items: unknown[] }).items).toHaveLength(old.repositories.size);
    expect(gateway.logLines.join('\n')).not.toContain(SEXTON.password);
  });
});
