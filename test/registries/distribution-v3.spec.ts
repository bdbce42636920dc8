import { rmSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { parseDigest } from '../../src/oci/digest.js';
import { parseRepositoryName, parseTag, type RepositoryName } from '../../src/oci/names.js';
import { DistributionRegistry } from '../../src/registries/distribution/distribution-registry.js';
import { tagFolder } from '../../src/storage/layout.js';
import { headManifest, pushImage } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { deleteAndWait } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';
import { startRegistryProxy, type Interference, type RegistryProxy } from '../support/registry-proxy.js';
import { never, optionsFor } from './adapter.js';

const V1 = parseTag('v1');
const TAG_PATH = /^\/v2\/(.+)\/manifests\/([^:/]+)$/;
const answer = (status: number, code: string, detail = '') => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ errors: [{ code, message: 'no', detail }] }),
});

/** What CNCF Distribution 3 does with DELETE of a tag, before a registry 2.8 on the same files (FACTS §1.1). */
let real: RegistryServer;
let proxy: RegistryProxy;
let gateway: TestGateway;
let repository: RepositoryName;
let isTagKept = false;
let isDisabled = false;
let beforeTagGoes: () => Promise<Interference> = () => Promise.resolve(null);
let count = 0;

beforeAll(async () => {
  real = await startRegistry();
  proxy = await startRegistryProxy(real.url);
  proxy.interfere(async ({ method, path }) => {
    if (method !== 'DELETE') return null;
    const [, name = '', tag] = TAG_PATH.exec(path) ?? [];
    if (tag === undefined) return isDisabled ? answer(405, 'UNSUPPORTED') : null;
    const { status } = await headManifest({ registryUrl: real.url, repository: name }, tag);
    if (status === 404)
      return answer(404, 'MANIFEST_UNKNOWN', 'filesystem: Path not found: /docker/registry');
    const trouble = await beforeTagGoes();
    if (trouble) return trouble;
    if (!isTagKept) rmSync(join(real.storageDir, tagFolder(name, tag)), { recursive: true });
    return { status: 202 };
  });
  gateway = await startTestGateway({ registries: [registryOptions('prod', proxy.url)] });
});

afterAll(async () => {
  await gateway?.stop();
  await proxy?.stop();
  await real?.stop();
});

beforeEach(() => {
  repository = parseRepositoryName(`team-a/v3-${(count += 1)}`);
  isTagKept = false;
  isDisabled = false;
});

const to = () => ({ registryUrl: real.url, repository });

describe('a registry 3', () => {
  it('is found to delete tags, and deletes one as a tag: nothing is written for it', async () => {
    const image = await pushImage(to(), { tags: ['v1', 'stable'] });
    const adapter = new DistributionRegistry(optionsFor(proxy.url));
    expect(await adapter.probe(repository, never())).toMatchObject({ untag: 'native' });
    const before = proxy.requests.length;
    const digest = parseDigest(image.digest);
    expect(await adapter.untag(repository, V1, digest, never())).toBe('untagged');
    expect(await adapter.untag(repository, V1, digest, never())).toBe('absent');
    const writes = proxy.requests.slice(before).filter(({ method }) => method === 'PUT' || method === 'POST');
    expect(writes).toEqual([]);
    expect((await headManifest(to(), 'stable')).digest).toBe(image.digest);
    await adapter.close();
  });

  it('that fails to delete a tag is not asked to again before the tag was looked at', async () => {
    await pushImage(to(), { tags: ['v1', 'stable'], content: 'old' });
    let newer: string | null = null;
    beforeTagGoes = async () => {
      beforeTagGoes = () => Promise.resolve(null);
      newer = (await pushImage(to(), { tags: ['v1'], content: 'new' })).digest;
      return { status: 503, headers: { 'retry-after': '0' } };
    };
    const done = await deleteAndWait(gateway.api(), {
      registry: 'prod',
      repository,
      references: ['v1'],
      siblings: 'untag',
    });
    expect(done.targets).toMatchObject([{ outcome: 'tag_moved' }]);
    expect((await headManifest(to(), 'v1')).digest).toBe(newer);
  });

  it('that says 202 although the tag stays is not believed (TRAPS 5)', async () => {
    await pushImage(to(), { tags: ['v1', 'stable'] });
    isTagKept = true;
    const done = await deleteAndWait(gateway.api(), {
      registry: 'prod',
      repository,
      references: ['v1'],
      siblings: 'untag',
    });
    expect(done).toMatchObject({
      state: 'failed',
      targets: [{ outcome: 'failed', code: 'verification_failed' }],
    });
  });

  it('3.0.0, which deletes tags although deletion is disabled, is not used to do so (TRAPS 6)', async () => {
    await pushImage(to(), { tags: ['v1', 'stable'] });
    isDisabled = true;
    const other = await startTestGateway({ registries: [registryOptions('prod', proxy.url)] });
    try {
      for (const siblings of ['untag', 'include']) {
        const done = await deleteAndWait(other.api(), {
          registry: 'prod',
          repository,
          references: ['v1'],
          siblings,
        });
        expect(done).toMatchObject({ state: 'failed', problem: { code: 'delete_disabled' } });
      }
      expect((await headManifest(to(), 'v1')).status).toBe(200);
      expect((await headManifest(to(), 'stable')).status).toBe(200);
    } finally {
      await other.stop();
    }
  });
});
