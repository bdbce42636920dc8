import { afterAll, beforeAll, expect, it } from 'vitest';
import { headManifest, pushImage } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { deleteAndWait } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';
import { pushImages } from '../support/guarded.js';
import { startRegistryProxy, type RegistryProxy } from '../support/registry-proxy.js';

const MINUTE = 60_000;
const repository = 'team-a/app';
let registry: RegistryServer;
let proxy: RegistryProxy;
let gateway: TestGateway;
let nowMs = Date.now();

beforeAll(async () => {
  registry = await startRegistry();
  proxy = await startRegistryProxy(registry.url);
  gateway = await startTestGateway({ registries: [registryOptions('prod', proxy.url)], now: () => nowMs });
});

afterAll(async () => {
  await gateway?.stop();
  await proxy?.stop();
  await registry?.stop();
});

it('a deletion that runs for long leaves an image alone that got another tag after it began', async () => {
  const at = { registryUrl: registry.url, repository };
  const references = await pushImages(registry.url, repository, 4);
  const digests = await Promise.all(references.map(async (tag) => (await headManifest(at, tag)).digest));
  let kept = '';
  proxy.interfere(async ({ method, path }) => {
    const isFirst =
      kept === '' && method === 'DELETE' && digests.some((digest) => path.endsWith(digest ?? '-'));
    if (!isFirst) return null;
    kept = references.find((_, n) => !path.endsWith(digests[n] ?? '-')) ?? '';
    await pushImage(at, { tags: ['kept'], content: `${repository} ${kept}` });
    nowMs += MINUTE;
    return null;
  });
  const done = await deleteAndWait(gateway.api(), { registry: 'prod', repository, references });
  expect(done.state).toBe('partially_succeeded');
  for (const { reference, outcome, code } of done.targets) {
    expect([outcome, code]).toEqual(reference === kept ? ['refused', 'shared_digest'] : ['deleted', null]);
  }
  expect((await headManifest(at, 'kept')).digest).toBe(digests[references.indexOf(kept)]);
});
