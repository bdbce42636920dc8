import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { parseDigest } from '../../src/oci/digest.js';
import { parseTag } from '../../src/oci/names.js';
import { DistributionRegistry } from '../../src/registries/distribution/distribution-registry.js';
import type { RegistryOptions } from '../../src/registries/registry-options.js';
import { writeCertificate } from '../../tools/certificate.js';
import { headManifest, pushImage } from '../../tools/images.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { startTokenServer, type TokenServer } from '../../tools/token-server.js';
import { APP, codeOf, never, optionsFor } from './adapter.js';
import { json, startScriptedRegistry, type ScriptedRegistry } from './scripted-registry.js';

const CREDENTIALS = { username: 'sexton', password: 'a-password-to-look-for' };

const adapterFor = (url: string, options: Partial<RegistryOptions> = {}): DistributionRegistry => {
  const adapter = new DistributionRegistry(optionsFor(url, options));
  onTestFinished(() => adapter.close());
  return adapter;
};

describe('a real registry with token authentication', () => {
  let tokens: TokenServer;
  let registry: RegistryServer;

  beforeAll(async () => {
    tokens = await startTokenServer({
      users: {
        sexton: { password: CREDENTIALS.password, access: { '*': ['pull', 'push', 'delete', '*'] } },
        reader: { password: 'another-password', access: { 'team-a/app': ['pull'] } },
      },
    });
    const { realm, service, issuer, rootCertBundle } = tokens;
    registry = await startRegistry({ token: { realm, service, issuer, rootCertBundle } });
  });
  afterAll(async () => {
    await registry.stop();
    await tokens.stop();
  });

  const withTokens = (options: Partial<RegistryOptions> = {}) =>
    adapterFor(registry.url, {
      credentials: CREDENTIALS,
      tokenRealms: [new URL(tokens.realm).origin],
      ...options,
    });
  const push = async (tag: string) => {
    const url = `${tokens.realm}?service=${encodeURIComponent(tokens.service)}&scope=repository:team-a/app:pull,push`;
    const basic = Buffer.from(`sexton:${CREDENTIALS.password}`).toString('base64');
    const answer = await fetch(url, { headers: { authorization: `Basic ${basic}` } });
    const { token } = (await answer.json()) as { token: string };
    const to = { registryUrl: registry.url, repository: APP, authorization: `Bearer ${token}` };
    return { to, image: await pushImage(to, { tags: [tag], content: tag }) };
  };

  it('is listed, read and deleted from, and a token serves many calls', async () => {
    const { to, image } = await push('v1');
    const adapter = withTokens();
    const before = tokens.requests.length;
    expect(await adapter.listTags(APP, never())).toEqual(['v1']);
    expect((await adapter.readManifest(APP, parseTag('v1'), never()))?.digest).toBe(image.digest);
    expect((await adapter.resolve(APP, parseTag('v1'), never()))?.digest).toBe(image.digest);
    expect(tokens.requests.slice(before)).toHaveLength(1);
    expect(await adapter.deleteManifest(APP, parseDigest(image.digest), never())).toBe('deleted');
    expect((await headManifest(to, 'v1')).status).toBe(404);
  });

  it('takes a tag away through a throw-away manifest', async () => {
    const { to, image } = await push('v2');
    await pushImage(to, { tags: ['v2-again'], content: 'v2' });
    const digest = parseDigest(image.digest);
    expect(await withTokens().untag(APP, parseTag('v2'), digest, never())).toBe('untagged');
    expect((await headManifest(to, 'v2')).status).toBe(404);
    expect((await headManifest(to, 'v2-again')).digest).toBe(image.digest);
  });

  it('grants fewer rights than asked for: one new token, then upstream_forbidden (TRAPS 16)', async () => {
    const { to, image } = await push('v3');
    const adapter = withTokens({ credentials: { username: 'reader', password: 'another-password' } });
    await adapter.listTags(APP, never());
    const before = tokens.requests.length;
    expect(await codeOf(adapter.deleteManifest(APP, parseDigest(image.digest), never()))).toBe(
      'upstream_forbidden',
    );
    expect(tokens.requests.slice(before).length).toBeLessThanOrEqual(2);
    expect((await headManifest(to, 'v3')).status).toBe(200);
  });

  it('is let in again when the rights come later', async () => {
    const { image } = await push('v4');
    const adapter = withTokens({ credentials: { username: 'reader', password: 'another-password' } });
    const digest = parseDigest(image.digest);
    expect(await codeOf(adapter.deleteManifest(APP, digest, never()))).toBe('upstream_forbidden');
    tokens.allow('reader', { 'team-a/app': ['pull', 'delete'] });
    expect(await adapter.deleteManifest(APP, digest, never())).toBe('deleted');
  });

  it('whose token server refuses the account: upstream_unauthorized', async () => {
    const adapter = withTokens({ credentials: { username: 'sexton', password: 'wrong' } });
    expect(await codeOf(adapter.listTags(APP, never()))).toBe('upstream_unauthorized');
  });

  it('whose token server is not allowed gets no credentials: it is not even asked (TRAPS 16)', async () => {
    const before = tokens.requests.length;
    const adapter = withTokens({ tokenRealms: [] });
    expect(await codeOf(adapter.listTags(APP, never()))).toBe('upstream_realm_not_allowed');
    expect(tokens.requests.length).toBe(before);
  });
});

describe('a token server', () => {
  let registry: ScriptedRegistry;
  beforeAll(async () => {
    registry = await startScriptedRegistry();
  });
  afterAll(() => registry.stop());

  const challenge = () => ({
    'www-authenticate': `Bearer realm="${registry.origin}/token",service="a, b",scope="repository:team-a/app:pull"`,
  });

  it('that hands out tokens which nobody accepts is asked twice at most (TRAPS 16)', async () => {
    registry.answer(({ path }, response) =>
      path.startsWith('/token') ? json(response, 200, { token: 't' }) : json(response, 401, {}, challenge()),
    );
    const adapter = adapterFor(registry.url, { credentials: CREDENTIALS });
    const before = registry.requests.length;
    expect(await codeOf(adapter.listTags(APP, never()))).toBe('upstream_forbidden');
    const seen = registry.requests.slice(before);
    expect(seen.filter(({ path }) => path.startsWith('/token')).length).toBeLessThanOrEqual(2);
    expect(seen.filter(({ path }) => path.startsWith('/v2/')).length).toBeLessThanOrEqual(3);
  });

  it.each([
    ['a page', (response: Parameters<typeof json>[0]) => response.writeHead(200).end('<html>')],
    ['no token', (response: Parameters<typeof json>[0]) => json(response, 200, {})],
    ['an error', (response: Parameters<typeof json>[0]) => json(response, 500, {})],
  ])('that answers %s is a protocol error', async (_, answer) => {
    registry.answer(({ path }, response) =>
      path.startsWith('/token') ? answer(response) : json(response, 401, {}, challenge()),
    );
    const adapter = adapterFor(registry.url, { credentials: CREDENTIALS });
    expect(await codeOf(adapter.listTags(APP, never()))).toBe('upstream_protocol_error');
  });

  it('is sent the service with its comma, and a scope without more rights than needed', async () => {
    registry.answer(({ path, headers }, response) => {
      if (path.startsWith('/token')) return json(response, 200, { access_token: 'the-token' });
      if (headers.authorization === 'Bearer the-token') return json(response, 200, { tags: null });
      return json(response, 401, {}, challenge());
    });
    const adapter = adapterFor(registry.url, { credentials: CREDENTIALS });
    const before = registry.requests.length;
    expect(await adapter.listTags(APP, never())).toEqual([]);
    const asked = registry.requests.slice(before).find(({ path }) => path.startsWith('/token'));
    const query = new URL(asked?.path ?? '', registry.origin).searchParams;
    expect(query.get('service')).toBe('a, b');
    expect(query.get('scope')).toBe('repository:team-a/app:pull,delete');
  });

  it('named without an address, or a challenge that is none, is refused', async () => {
    const adapter = () => adapterFor(registry.url, { credentials: CREDENTIALS });
    registry.answer((_, response) => json(response, 401, {}, { 'www-authenticate': 'Bearer realm="token"' }));
    expect(await codeOf(adapter().listTags(APP, never()))).toBe('upstream_realm_not_allowed');
    registry.answer((_, response) => json(response, 401, {}, { 'www-authenticate': ',,,"' }));
    expect(await codeOf(adapter().listTags(APP, never()))).toBe('upstream_unauthorized');
    registry.answer((_, response) => json(response, 401, {}));
    expect(await codeOf(adapter().listTags(APP, never()))).toBe('upstream_unauthorized');
  });
});

describe('a registry with Basic authentication', () => {
  it('gets the credentials after it asked for them, and only then', async () => {
    const registry = await startScriptedRegistry();
    onTestFinished(() => registry.stop());
    registry.answer(({ headers }, response) =>
      headers.authorization === undefined
        ? json(response, 401, {}, { 'www-authenticate': 'Basic realm="a registry"' })
        : json(response, 200, { tags: ['v1'] }),
    );
    const adapter = adapterFor(registry.url, { credentials: CREDENTIALS });
    expect(await adapter.listTags(APP, never())).toEqual(['v1']);
    expect(registry.requests.map(({ headers }) => headers.authorization !== undefined)).toEqual([
      false,
      true,
    ]);
    expect(await codeOf(adapterFor(registry.url).listTags(APP, never()))).toBe('upstream_unauthorized');
  });
});

describe('a real registry with TLS', () => {
  it('is trusted by the authority that the configuration names, and not without', async () => {
    const home = await mkdtemp(join(tmpdir(), 'tls-'));
    onTestFinished(() => rm(home, { recursive: true, force: true }));
    const { cert, certFile, keyFile } = await writeCertificate(home);
    const other = await writeCertificate(join(home, 'other'));
    const registry = await startRegistry({ tls: { certFile, keyFile } });
    onTestFinished(() => registry.stop());
    expect(await adapterFor(registry.url, { tlsCa: cert }).listTags(APP, never())).toEqual([]);
    for (const tlsCa of [null, other.cert]) {
      expect(await codeOf(adapterFor(registry.url, { tlsCa }).listTags(APP, never()))).toBe(
        'upstream_tls_error',
      );
    }
  });
});
