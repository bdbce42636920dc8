import type { ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { digestOf } from '../../src/oci/digest.js';
import { MEDIA_TYPES } from '../../src/oci/media-types.js';
import { parseRepositoryName, parseTag } from '../../src/oci/names.js';
import { DistributionRegistry } from '../../src/registries/distribution/distribution-registry.js';
import type { RegistryOptions } from '../../src/registries/registry-options.js';
import { pushImage } from '../../tools/images.js';
import { startRegistry } from '../../tools/registry-server.js';
import { APP, codeOf, never, optionsFor } from './adapter.js';
import { json, refuse, startScriptedRegistry, type ScriptedRegistry } from './scripted-registry.js';

const V1 = parseTag('v1');
const BYTES = Buffer.from(JSON.stringify({ schemaVersion: 2, layers: [] }));
const DIGEST = digestOf(BYTES);

let registry: ScriptedRegistry;
let adapter: DistributionRegistry;
beforeAll(async () => {
  registry = await startScriptedRegistry();
});
afterAll(() => registry.stop());
beforeEach(() => {
  adapter = new DistributionRegistry(optionsFor(registry.url));
});
afterEach(() => adapter.close());

const other = (options: Partial<RegistryOptions>, url = registry.url): DistributionRegistry => {
  const made = new DistributionRegistry(optionsFor(url, options));
  onTestFinished(() => made.close());
  return made;
};

/** Requests of the calls within. */
const requestsOf = async (work: () => Promise<unknown>) => {
  const before = registry.requests.length;
  await work();
  return registry.requests.slice(before);
};

const manifest = (response: ServerResponse, bytes: Buffer, headers: Record<string, string> = {}): void =>
  void response.writeHead(200, { 'content-type': MEDIA_TYPES.ociManifest, ...headers }).end(bytes);

describe('a redirect', () => {
  const CREDENTIALS = { username: 'sexton', password: 'a-password-to-look-for' };
  const basic = { 'www-authenticate': 'Basic realm="a registry"' };

  it('is never followed with credentials', async () => {
    const elsewhere = await startScriptedRegistry();
    onTestFinished(() => elsewhere.stop());
    registry.answer(({ headers, path }, response) =>
      headers.authorization === undefined
        ? json(response, 401, {}, basic)
        : response.writeHead(307, { location: `${elsewhere.origin}${path}` }).end(),
    );
    const signedIn = other({ credentials: CREDENTIALS });
    expect(await codeOf(signedIn.listTags(APP, never()))).toBe('upstream_protocol_error');
    expect(await codeOf(signedIn.deleteManifest(APP, DIGEST, never()))).toBe('upstream_protocol_error');
    expect(elsewhere.requests).toEqual([]);
  });

  it('to an object store gives a blob, which is asked for without credentials', async () => {
    const store = await startScriptedRegistry();
    onTestFinished(() => store.stop());
    store.answer((_request, response) => response.writeHead(200).end(BYTES));
    registry.answer(({ headers }, response) =>
      headers.authorization === undefined
        ? json(response, 401, {}, basic)
        : response.writeHead(307, { location: `${store.origin}/bucket/blob?signature=x` }).end(),
    );
    const signedIn = other({ credentials: CREDENTIALS });
    expect(await signedIn.canPullBlob(APP, DIGEST, never())).toBe(true);
    expect(store.requests.map(({ path, headers }) => [path, headers.authorization])).toEqual([
      ['/bucket/blob?signature=x', undefined],
    ]);
    store.answer((_request, response) => response.writeHead(200).end('something else'));
    expect(await signedIn.canPullBlob(APP, DIGEST, never())).toBe(false);
  });

  it.each(['file:///etc/passwd', 'nowhere:', '/again'])('of a blob to %s ends', async (location) => {
    registry.answer((_request, response) => response.writeHead(307, { location }).end());
    const seen = await requestsOf(async () =>
      expect(await codeOf(adapter.canPullBlob(APP, DIGEST, never()))).toBe('upstream_protocol_error'),
    );
    expect(seen.length).toBeLessThanOrEqual(5);
  });

  it('of an upload to another host is refused', async () => {
    const elsewhere = await startScriptedRegistry();
    onTestFinished(() => elsewhere.stop());
    registry.answer(({ method, path }, response) => {
      if (method === 'POST') {
        return response
          .writeHead(202, { location: `${elsewhere.origin}/v2/team-a/app/blobs/uploads/1` })
          .end();
      }
      if (path === '/v2/') return json(response, 200, {});
      if (method === 'DELETE') {
        return path.includes('sha256:')
          ? refuse(response, 404, 'MANIFEST_UNKNOWN')
          : refuse(response, 400, 'DIGEST_INVALID');
      }
      return path.includes('/referrers/') ? refuse(response, 404, 'NOT_FOUND') : manifest(response, BYTES);
    });
    expect(await codeOf(adapter.untag(APP, V1, DIGEST, never()))).toBe('upstream_protocol_error');
    expect(elsewhere.requests).toEqual([]);
  });
});

describe('a registry in trouble', () => {
  it('that answers 503 and then works is asked again', async () => {
    let asked = 0;
    registry.answer((_request, response) => {
      asked += 1;
      return asked < 3 ? json(response, 503, {}) : json(response, 200, { tags: ['v1'] });
    });
    expect(await adapter.listTags(APP, never())).toEqual(['v1']);
  });

  it('that goes on answering 503 is asked as often as configured', async () => {
    registry.answer((_request, response) => json(response, 503, {}));
    const seen = await requestsOf(async () =>
      expect(await codeOf(adapter.listTags(APP, never()))).toBe('upstream_unavailable'),
    );
    expect(seen).toHaveLength(3);
  });

  it('that asks to wait for longer than a call may is not asked again', async () => {
    registry.answer((_request, response) => json(response, 429, {}, { 'retry-after': '3600' }));
    const seen = await requestsOf(async () =>
      expect(await codeOf(adapter.listTags(APP, never()))).toBe('upstream_rate_limited'),
    );
    expect(seen).toHaveLength(1);
  });

  it('that fails again and again is left alone for a moment', async () => {
    registry.answer((_request, response) => json(response, 503, {}));
    for (let call = 0; call < 3; call += 1) await codeOf(adapter.listTags(APP, never()));
    const seen = await requestsOf(async () =>
      expect(await codeOf(adapter.listTags(APP, never()))).toBe('upstream_unavailable'),
    );
    expect(seen).toEqual([]);
  });

  it.each([
    [500, 'upstream_error'],
    [403, 'upstream_forbidden'],
    [409, 'upstream_error'],
    [412, 'upstream_error'],
  ])('that answers %i to a deletion: %s, and is not asked again', async (status, code) => {
    registry.answer((_request, response) => refuse(response, status, 'UNKNOWN'));
    const seen = await requestsOf(async () =>
      expect(await codeOf(adapter.deleteManifest(APP, DIGEST, never()))).toBe(code),
    );
    expect(seen).toHaveLength(1);
  });

  it('that answers 500 to a read once, as while the link is written that is read, is asked again', async () => {
    const bytes = JSON.stringify({ schemaVersion: 2, layers: [] });
    registry.answer(({ method }, response) => {
      registry.answer((_again, whole) =>
        whole.writeHead(200, { 'docker-content-digest': DIGEST }).end(bytes),
      );
      if (method === 'HEAD') response.writeHead(500).end();
    });
    const seen = await requestsOf(async () =>
      expect((await adapter.resolve(APP, V1, never()))?.digest).toBe(DIGEST),
    );
    expect(seen).toHaveLength(2);
  });

  it('that answers 500 to a read for ever is asked as often as is configured, and says so; later it may work', async () => {
    registry.answer((_request, response) => refuse(response, 500, 'UNKNOWN'));
    const seen = await requestsOf(async () =>
      expect(adapter.resolve(APP, V1, never())).rejects.toMatchObject({
        code: 'upstream_error',
        canRetry: true,
      }),
    );
    expect(seen).toHaveLength(3);
    await expect(adapter.deleteManifest(APP, DIGEST, never())).rejects.toMatchObject({
      code: 'upstream_error',
      canRetry: false,
    });
  });

  it('that hangs up, or speaks no HTTP, is named so', async () => {
    registry.answer((_request, response) => response.socket?.destroy());
    expect(await codeOf(adapter.listTags(APP, never()))).toBe('upstream_unavailable');
    registry.answer((_request, response) => response.socket?.end('220 mail.example ESMTP\r\n'));
    expect(await codeOf(other({}).listTags(APP, never()))).toBe('upstream_protocol_error');
  });

  it('is not asked anything once the work was called off', async () => {
    registry.answer((_request, response) => json(response, 200, { tags: [] }));
    const off = AbortSignal.abort(new Error('called off'));
    const seen = await requestsOf(async () => {
      await expect(adapter.listTags(APP, off)).rejects.toThrow('called off');
      await expect(adapter.deleteManifest(APP, DIGEST, off)).rejects.toThrow('called off');
    });
    expect(seen).toEqual([]);
  });

  it('says nothing secret in its errors', async () => {
    registry.answer((_request, response) =>
      response.writeHead(500, { 'x-secret': 'a-secret-to-look-for' }).end('a-secret-to-look-for'),
    );
    const signedIn = other({ credentials: { username: 'sexton', password: 'a-secret-to-look-for' } });
    for (const call of [
      () => signedIn.listTags(APP, never()),
      () => signedIn.resolve(APP, V1, never()),
      () => signedIn.deleteManifest(APP, DIGEST, never()),
    ]) {
      const error: unknown = await call().catch((thrown: unknown) => thrown);
      expect(String(error) + JSON.stringify(error)).not.toContain('a-secret-to-look-for');
    }
  });
});

describe('a real registry', () => {
  it.each([
    ['deletes', {}, 'enabled'],
    ['has deletion switched off', { deleteEnabled: false }, 'disabled'],
    ['is read-only', { readOnly: true }, 'read_only'],
  ] as const)('that %s is found out without deleting anything (TRAPS 6, 7)', async (_, options, deletion) => {
    const real = await startRegistry(options);
    onTestFinished(() => real.stop());
    expect(await other({}, real.url).probe(null, never())).toEqual({
      deletes: 'manifests',
      deletion,
      untag: 'replace',
      referrersApi: false,
      listsUntagged: false,
    });
  });

  it('that is a mirror refuses every deletion (TRAPS 7)', async () => {
    const origin = await startRegistry();
    onTestFinished(() => origin.stop());
    const mirror = await startRegistry({ proxyRemoteUrl: origin.url });
    onTestFinished(() => mirror.stop());
    expect((await other({}, mirror.url).probe(null, never())).deletion).toBe('disabled');
  });

  it('keeps a repository that lies below another apart (TRAPS 11)', async () => {
    const real = await startRegistry();
    onTestFinished(() => real.stop());
    const nested = { registryUrl: real.url, repository: 'team-a/app/nested' };
    const image = await pushImage({ registryUrl: real.url, repository: APP }, { tags: ['v1'] });
    await pushImage(nested, { tags: ['v1'] });
    const direct = other({}, real.url);
    expect(await direct.deleteManifest(APP, digestOf(image.bytes), never())).toBe('deleted');
    expect(await direct.listTags(APP, never())).toEqual([]);
    expect(await direct.listTags(parseRepositoryName('team-a/app/nested'), never())).toEqual(['v1']);
  });
});
