import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { headManifest, pushImage, pushIndex } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { deleteAndWait } from '../support/deletions.js';
import { registryOptions, startTestGateway, type TestGateway } from '../support/gateway.js';
import { startRegistryProxy, type RegistryProxy } from '../support/registry-proxy.js';

let registry: RegistryServer;
let proxy: RegistryProxy;
let gateway: TestGateway;
let count = 0;
let repository = '';
const at = () => ({ registryUrl: registry.url, repository });
const run = (changes: Record<string, unknown>) =>
  deleteAndWait(gateway.api(), { registry: 'prod', repository, ...changes });
const restore = (id: string, changes: Record<string, unknown> = {}) =>
  gateway
    .api()
    .post(`/v1/deletions/${id}/restore`)
    .send({ reason: 'the wrong image', ...changes });
const digestOf = async (reference: string) => (await headManifest(at(), reference)).digest;

/** Every file that skopeo writes when it copies the image, whole, with all platforms. */
const pulled = async (reference: string): Promise<Record<string, string>> => {
  const folder = await mkdtemp(join(tmpdir(), 'pulled-'));
  const source = `docker://${registry.url.replace('http://', '')}/${repository}:${reference}`;
  const copy = spawnSync('skopeo', ['copy', '--all', '--src-tls-verify=false', source, `dir:${folder}`], {
    encoding: 'utf8',
  });
  if (copy.status !== 0) throw new Error(copy.stderr);
  const { stdout } = spawnSync('ls', ['-A', folder], { encoding: 'utf8' });
  const files = await Promise.all(
    stdout
      .trim()
      .split('\n')
      .map(async (name) => [name, (await readFile(join(folder, name))).toString('base64')] as const),
  );
  await rm(folder, { recursive: true });
  return Object.fromEntries(files);
};

beforeAll(async () => {
  registry = await startRegistry();
  proxy = await startRegistryProxy(registry.url);
  gateway = await startTestGateway({
    registries: [registryOptions('prod', registry.url), registryOptions('proxied', proxy.url)],
  });
});

afterAll(async () => {
  await gateway?.stop();
  await proxy?.stop();
  await registry?.stop();
});

beforeEach(() => {
  proxy.interfere(() => null);
  repository = `team-a/restore${(count += 1)}`;
});

describe('restore', () => {
  it('puts an image back with all its tags: what is pulled is the same, byte for byte', async () => {
    await pushImage(at(), { tags: ['v1', 'stable'] });
    const before = await pulled('v1');
    const deletion = await run({ references: ['v1'], siblings: 'include' });
    expect(await digestOf('v1')).toBeNull();
    const response = await restore(deletion.id).expect(200);
    expect(response.body).toMatchObject({
      state: 'restored',
      targets: [{ outcome: 'restored', code: null }],
    });
    expect(await pulled('v1')).toEqual(before);
    expect(await pulled('stable')).toEqual(before);
    const audit = await gateway.api().get(`/v1/audit/events?deletion=${deletion.id}`).expect(200);
    const actions = (audit.body as { items: { action: string; reason: string }[] }).items;
    expect(actions.slice(0, 3)).toMatchObject([
      { action: 'deletion.restored', reason: 'the wrong image' },
      { action: 'target.restored' },
      { action: 'deletion.restore_requested' },
    ]);
  });

  it('puts an index back with its children', async () => {
    const amd64 = await pushImage(at(), { architecture: 'amd64', content: 'a' });
    const arm64 = await pushImage(at(), { architecture: 'arm64', content: 'b' });
    await pushIndex(at(), [amd64, arm64], { tags: ['v1'] });
    const before = await pulled('v1');
    const deletion = await run({ references: ['v1'] });
    expect(deletion.targets).toHaveLength(3);
    await restore(deletion.id).expect(200);
    expect(await pulled('v1')).toEqual(before);
  });

  it('puts one removed tag back', async () => {
    const image = await pushImage(at(), { tags: ['v1', 'stable'] });
    const deletion = await run({ references: ['v1'], siblings: 'untag' });
    await restore(deletion.id).expect(200);
    expect(await digestOf('v1')).toBe(image.digest);
  });

  it('leaves a tag alone that points elsewhere by now, unless it is told otherwise', async () => {
    const old = await pushImage(at(), { tags: ['v1'], content: 'old' });
    const first = await run({ references: ['v1'] });
    const newer = await pushImage(at(), { tags: ['v1'], content: 'new' });
    const response = await restore(first.id).expect(200);
    expect(response.body).toMatchObject({ targets: [{ outcome: 'restored', code: 'tag_moved' }] });
    expect(await digestOf('v1')).toBe(newer.digest);
    expect(await digestOf(old.digest)).toBe(old.digest);
    const second = await run({ references: ['v1'] });
    const again = await pushImage(at(), { tags: ['v1'], content: 'newest' });
    expect(await digestOf('v1')).toBe(again.digest);
    await restore(second.id, { overwriteTags: true }).expect(200);
    expect(await digestOf('v1')).toBe(newer.digest);
  });

  it('leaves a tag alone that is pushed while the write of the old one is tried again', async () => {
    await pushImage(at(), { tags: ['v1'], content: 'old' });
    const deletion = await run({ registry: 'proxied', references: ['v1'] });
    let newer: string | null = null;
    proxy.interfere(async ({ method, path }) => {
      if (method !== 'PUT' || !path.endsWith('/manifests/v1') || newer !== null) return null;
      newer = (await pushImage(at(), { tags: ['v1'], content: 'new' })).digest;
      return { status: 503, headers: { 'retry-after': '0' } };
    });
    const response = await restore(deletion.id).expect(200);
    expect(response.body).toMatchObject({ targets: [{ outcome: 'restored', code: 'tag_moved' }] });
    expect(await digestOf('v1')).toBe(newer);
  });

  it('is not said to be done where the registry took the manifest and does not serve it', async () => {
    const image = await pushImage(at(), { tags: ['v1'], content: repository });
    const done = await run({ registry: 'proxied', references: ['v1'] });
    proxy.interfere(({ method, path }) =>
      method === 'PUT' && path.includes(`${repository}/manifests/`) ? { status: 201 } : null,
    );
    const refused = await restore(done.id);
    expect(refused.body).toMatchObject({ code: 'verification_failed' });
    proxy.interfere(() => null);
    expect((await gateway.api().get(`/v1/deletions/${done.id}`)).body).toMatchObject({ state: 'succeeded' });
    await restore(done.id).expect(200);
    expect(await digestOf('v1')).toBe(image.digest);
  });

  it('names the blobs that were collected meanwhile, and puts nothing back in part', async () => {
    const image = await pushImage(at(), { tags: ['v1'], content: `only here ${repository}` });
    const deletion = await run({ references: ['v1'] });
    const { layers } = JSON.parse(image.bytes.toString()) as { layers: { digest: string }[] };
    const hex = layers[0]?.digest.slice('sha256:'.length) ?? '';
    await rm(join(registry.storageDir, 'docker/registry/v2/blobs/sha256', hex.slice(0, 2), hex), {
      recursive: true,
    });
    const response = await restore(deletion.id).expect(409);
    expect(response.body).toMatchObject({ code: 'not_restorable' });
    expect(response.text).toContain(hex);
    expect(await digestOf('v1')).toBeNull();
    const after = await gateway.api().get(`/v1/deletions/${deletion.id}`).expect(200);
    expect(after.body).toMatchObject({ state: 'succeeded', problem: { code: 'not_restorable' } });
  });

  it('is refused for what was not deleted, is restored already, or is not the caller’s', async () => {
    await pushImage(at(), { tags: ['v1', 'stable'] });
    const refused = await run({ references: ['v1'] });
    expect((await restore(refused.id).expect(409)).body).toMatchObject({ code: 'not_restorable' });
    const deletion = await run({ references: ['v1'], siblings: 'include' });
    await restore(deletion.id).expect(200);
    expect((await restore(deletion.id).expect(409)).body).toMatchObject({ code: 'not_restorable' });
    expect((await restore(deletion.id, { reason: '' }).expect(400)).body).toMatchObject({
      code: 'invalid_request',
    });
    const created = await gateway
      .api()
      .post('/v1/api-keys')
      .send({ name: 'reader', role: 'requester', scopes: ['prod/team-a/**:read'] });
    const reader = gateway.api((created.body as { secret: string }).secret);
    await reader.post(`/v1/deletions/${deletion.id}/restore`).send({ reason: 'mine' }).expect(403);
  });
});
