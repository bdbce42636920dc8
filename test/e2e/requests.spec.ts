import { afterAll, beforeAll, expect, it } from 'vitest';
import { pushImage } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { deleteAndWait } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';
import { startRegistryProxy, type RegistryProxy } from '../support/registry-proxy.js';

const REPOSITORY = 'team-a/counted';

let registry: RegistryServer;
let proxy: RegistryProxy;
let gateway: TestGateway;
beforeAll(async () => {
  registry = await startRegistry();
  proxy = await startRegistryProxy(registry.url);
  gateway = await startTestGateway({ registries: [registryOptions('prod', proxy.url)] });
});
afterAll(async () => {
  await gateway?.stop();
  await proxy?.stop();
  await registry?.stop();
});

/** Requests of the repository from the `from`th on: how many of each kind, tags and digests by what they stand for. */
const countFrom = (from: number, names: ReadonlyMap<string, string>): Record<string, number> => {
  const counts: Record<string, number> = {};
  for (const { method, path } of proxy.requests.slice(from)) {
    if (!path.includes(REPOSITORY)) continue;
    const last = path.replace(/\?.*$/, '').split('/').at(-1) ?? '';
    const what = `${method} ${names.get(last) ?? last}`;
    counts[what] = (counts[what] ?? 0) + 1;
  }
  return counts;
};

it('asks as often as docs/operations.md says: six times for each image, once or twice for the rest', async () => {
  const to = { registryUrl: registry.url, repository: REPOSITORY };
  const names = new Map<string, string>();
  const references = ['v1', 'v2', 'v3'];
  const others = ['stays', 'keep'];
  for (const tag of [...references, ...others]) {
    const { digest } = await pushImage(to, { tags: [tag], content: tag });
    const isKept = others.includes(tag);
    names.set(digest, isKept ? 'a kept digest' : 'a digest').set(tag, isKept ? 'a kept tag' : 'a tag');
  }
  const ask = { registry: 'prod', repository: REPOSITORY, reason: 'to count' };
  // The first plan asks also what the registry can do.
  await deleteAndWait(gateway.api(), { ...ask, references: ['stays'], dryRun: true });
  const from = proxy.requests.length;
  const deletion = await deleteAndWait(gateway.api(), { ...ask, references });
  expect(deletion.state).toBe('succeeded');
  expect(countFrom(from, names)).toEqual({
    'GET list': 2,
    'GET a tag': 3 + 3,
    'HEAD a tag': 3 + 3,
    'HEAD a kept tag': 2 + 2,
    'DELETE a digest': 3,
    'GET a digest': 3,
  });
});
