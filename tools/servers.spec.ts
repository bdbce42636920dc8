import { spawnSync } from 'node:child_process';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { afterEach, describe, expect, it } from 'vitest';
import { writeCertificate } from './certificate.js';
import { freePort } from './free-port.js';
import { headManifest, pushImage, pushIndex } from './images.js';
import { startRedis } from './redis-server.js';
import { pushCosignTag, pushReferrer, pushReferrersTag } from './referrers.js';
import { startRegistry, type RegistryServerOptions } from './registry-server.js';
import { startTokenServer } from './token-server.js';

/** The servers that other tests stand on do what they promise; each of these would mislead every test if it did not. */
const cleanups: (() => Promise<unknown>)[] = [];
afterEach(async () => {
  for (const undo of cleanups.splice(0).reverse()) await undo();
});
const registryWith = async (options: RegistryServerOptions = {}) => {
  const registry = await startRegistry(options);
  cleanups.push(() => registry.stop());
  return registry;
};
const temporaryDirectory = async () => {
  const directory = await mkdtemp(join(tmpdir(), 'tools-'));
  cleanups.push(() => rm(directory, { recursive: true, force: true }));
  return directory;
};
const basic = (username: string, password: string) =>
  `Basic ${Buffer.from(`${username}:${password}`).toString('base64')}`;

describe('a free port', () => {
  it('is nobody else’s, also where nobody listens on it yet, and none that an outgoing connection may get', async () => {
    const ports = await Promise.all(Array.from({ length: 200 }, () => freePort()));
    expect(new Set(ports).size).toBe(ports.length);
    expect(Math.max(...ports)).toBeLessThan(32_768);
  });
});

describe('the registry', () => {
  it('refuses writes when it is read-only, and takes them again after a restart', async () => {
    const registry = await registryWith({ readOnly: true });
    const to = { registryUrl: registry.url, repository: 'team-a/app' };
    await expect(pushImage(to, { tags: ['v1'] })).rejects.toThrow('405');
    await registry.restart({ readOnly: false });
    const { digest } = await pushImage(to, { tags: ['v1'] });
    await registry.kill();
    await registry.restart();
    expect(await headManifest(to, 'v1')).toEqual({ status: 200, digest });
  });

  it('wants the user and the password of its htpasswd file', async () => {
    const registry = await registryWith({ htpasswd: { username: 'sexton', password: 'a password' } });
    const to = { registryUrl: registry.url, repository: 'team-a/app' };
    await expect(pushImage(to)).rejects.toThrow('401');
    await pushImage({ ...to, authorization: basic('sexton', 'a password') });
  });

  it('mirrors another registry, and then refuses writes', async () => {
    const upstream = await registryWith();
    const repository = 'team-a/app';
    const { digest } = await pushImage({ registryUrl: upstream.url, repository }, { tags: ['v1'] });
    const mirror = await registryWith({ proxyRemoteUrl: upstream.url });
    expect(await headManifest({ registryUrl: mirror.url, repository }, 'v1')).toEqual({
      status: 200,
      digest,
    });
    await expect(pushImage({ registryUrl: mirror.url, repository })).rejects.toThrow('405');
  });

  it('serves images over TLS that skopeo pulls', async () => {
    const directory = await temporaryDirectory();
    const { certFile, keyFile } = await writeCertificate(directory);
    const storageDir = join(directory, 'storage');
    const writable = await registryWith({ storageDir });
    const to = { registryUrl: writable.url, repository: 'team-a/app' };
    const layers = { sharedLayer: 'base', layers: ['one', 'two'], labels: { team: 'a' } };
    const oci = await pushImage(to, { tags: ['oci'], ...layers });
    const docker = await pushImage(to, { tags: ['docker'], family: 'docker' });
    await pushIndex(to, [await pushIndex(to, [oci]), oci], { tags: ['nested'] });
    await pushIndex(to, [oci], { tags: ['index'] });
    await pushIndex(to, [docker], { tags: ['list'], family: 'docker' });
    const secure = await registryWith({ storageDir, tls: { certFile, keyFile } });
    for (const tag of ['oci', 'docker', 'index', 'list']) {
      const from = `docker://127.0.0.1:${secure.port}/team-a/app:${tag}`;
      const args = ['copy', '--src-cert-dir', directory, from, `dir:${join(directory, tag)}`];
      const copied = spawnSync('skopeo', args, { encoding: 'utf8' });
      expect(`${copied.stderr}${copied.status}`).toBe('0');
    }
    const pulled: unknown = JSON.parse(await readFile(join(directory, 'oci', 'manifest.json'), 'utf8'));
    expect(pulled).toMatchObject({ layers: [{}, {}, {}, {}] });
  });

  it('gets the same digest for the same image, wherever it is pushed', async () => {
    const registry = await registryWith();
    const [one, two, other] = await Promise.all([
      pushImage({ registryUrl: registry.url, repository: 'one' }, { content: 'same' }),
      pushImage({ registryUrl: registry.url, repository: 'two' }, { content: 'same' }),
      pushImage({ registryUrl: registry.url, repository: 'two' }, { content: 'other' }),
    ]);
    expect(two.digest).toBe(one.digest);
    expect(other.digest).not.toBe(one.digest);
  });

  it('takes referrers by subject, by fallback tag and by cosign tag', async () => {
    const registry = await registryWith();
    const to = { registryUrl: registry.url, repository: 'team-a/app' };
    const image = await pushImage(to, { tags: ['v1'] });
    const sbom = await pushReferrer(to, image);
    const list = await pushReferrersTag(to, image, [sbom]);
    const signature = await pushCosignTag(to, image);
    const tag = image.digest.replace(':', '-');
    expect((await headManifest(to, tag)).digest).toBe(list.digest);
    expect((await headManifest(to, `${tag}.sig`)).digest).toBe(signature.digest);
    expect((await headManifest(to, sbom.digest)).status).toBe(200);
  });
});

describe('the token server', () => {
  const tokenFor = async (realm: string, scope: string, authorization?: string): Promise<string> => {
    const url = `${realm}?service=a+test+registry&scope=${encodeURIComponent(scope)}`;
    const response = await fetch(url, { headers: { ...(authorization && { authorization }) } });
    const { token } = (await response.json()) as { token: string };
    return `Bearer ${token}`;
  };

  it('signs tokens that the real registry accepts, for what is both asked and allowed', async () => {
    const users = { sexton: { password: 'secret', access: { 'team-a/app': ['pull', 'push'] } } };
    const tokens = await startTokenServer({ users });
    cleanups.push(() => tokens.stop());
    const registry = await registryWith({ token: tokens });
    const at = { registryUrl: registry.url, repository: 'team-a/app' };
    const scope = 'repository:team-a/app:pull,push,delete';
    const authorization = await tokenFor(tokens.realm, scope, basic('sexton', 'secret'));
    const { digest } = await pushImage({ ...at, authorization }, { tags: ['v1'] });
    const remove = async (token: string) => {
      const url = `${registry.url}/v2/team-a/app/manifests/${digest}`;
      const response = await fetch(url, { method: 'DELETE', headers: { authorization: token } });
      return `${response.status} ${response.headers.get('www-authenticate') ?? ''}`;
    };
    expect(await remove(authorization)).toMatch(/^401 .*error="insufficient_scope"/);
    expect((await headManifest(at, 'v1')).status).toBe(401);
    const anonymous = await tokenFor(tokens.realm, scope);
    expect((await headManifest({ ...at, authorization: anonymous }, 'v1')).status).toBe(401);
    tokens.allow('sexton', { '*': ['*'] });
    expect(await remove(await tokenFor(tokens.realm, scope, basic('sexton', 'secret')))).toMatch(/^202/);
    expect(tokens.requests.map(({ username, status }) => [username, status])).toEqual([
      ['sexton', 200],
      [null, 200],
      ['sexton', 200],
    ]);
  });

  it('refuses wrong credentials', async () => {
    const tokens = await startTokenServer({ users: { sexton: { password: 'secret', access: {} } } });
    cleanups.push(() => tokens.stop());
    const headers = { authorization: basic('sexton', 'wrong') };
    expect((await fetch(tokens.realm, { headers })).status).toBe(401);
  });
});

describe('redis', () => {
  it('keeps what was written through kill -9 when it has an append-only file, and loses it when asked to', async () => {
    const server = await startRedis({ appendOnly: true });
    cleanups.push(() => server.stop());
    const get = async () => {
      const client = new Redis(server.url);
      try {
        return await client.get('key');
      } finally {
        client.disconnect();
      }
    };
    const client = new Redis(server.url);
    await client.set('key', 'value');
    client.disconnect();
    await server.kill();
    await server.restart();
    expect(await get()).toBe('value');
    await server.restartEmpty();
    expect(await get()).toBeNull();
  });
});
