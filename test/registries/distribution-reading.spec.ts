import { createHash } from 'node:crypto';
import type { ServerResponse } from 'node:http';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, it, onTestFinished } from 'vitest';
import { digestOf } from '../../src/oci/digest.js';
import { MEDIA_TYPES } from '../../src/oci/media-types.js';
import { parseTag } from '../../src/oci/names.js';
import { DistributionRegistry } from '../../src/registries/distribution/distribution-registry.js';
import type { RegistryOptions } from '../../src/registries/registry-options.js';
import { APP, codeOf, never, optionsFor } from './adapter.js';
import { json, refuse, startScriptedRegistry, type ScriptedRegistry } from './scripted-registry.js';

const V1 = parseTag('v1');
const BYTES = Buffer.from(JSON.stringify({ schemaVersion: 2, layers: [] }));
const DIGEST = digestOf(BYTES);
const DIGEST_HEADER = { 'docker-content-digest': DIGEST };

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

describe('the list of tags (TRAPS 17)', () => {
  it.each([
    ['tags: null', { tags: null }, []],
    ['no tags at all', {}, []],
    ['a tag that comes twice', { tags: ['v1', 'v1'] }, ['v1']],
  ])('with %s', async (_, body, tags) => {
    registry.answer((_request, response) => json(response, 200, body));
    expect(await adapter.listTags(APP, never())).toEqual(tags);
  });

  it.each([
    ['relative', ''],
    ['absolute', 'origin'],
  ])('follows a Link that is %s, to its end', async (_, base) => {
    registry.answer(({ path }, response) =>
      path.includes('last=')
        ? json(response, 200, { tags: ['v2'] })
        : json(
            response,
            200,
            { tags: ['v1'] },
            { link: `<${base && registry.origin}/v2/team-a/app/tags/list?n=1000&last=v1>; rel="next"` },
          ),
    );
    expect(await adapter.listTags(APP, never())).toEqual(['v1', 'v2']);
  });

  it('comes whole where the registry ignores n (as 2.8 does)', async () => {
    const names = Array.from({ length: 2_500 }, (_, i) => `t${i}`);
    registry.answer((_request, response) => json(response, 200, { tags: names }));
    expect(await adapter.listTags(APP, never())).toEqual(names);
  });

  /** Pages of two, found as 3.0.0 finds them: after the place where the cursor would be, one too far if it is gone. */
  const pagesOfTwo = (tags: readonly string[], onPage: (last: string | null) => void) =>
    registry.answer(({ method, path }, response) => {
      const { pathname, searchParams } = new URL(path, registry.origin);
      if (!pathname.endsWith('/tags/list')) {
        const isThere = tags.includes(pathname.split('/').at(-1) ?? '');
        if (isThere) return manifest(response, method === 'HEAD' ? Buffer.alloc(0) : BYTES, DIGEST_HEADER);
        return refuse(response, 404, 'MANIFEST_UNKNOWN');
      }
      const last = searchParams.get('last');
      onPage(last);
      const from = last === null ? 0 : tags.filter((tag) => tag < last).length + 1;
      const page = tags.slice(from, from + 2);
      const more = from + 2 < tags.length;
      const link = { link: `</v2/team-a/app/tags/list?last=${page.at(-1)}&n=2>; rel="next"` };
      return json(response, 200, { tags: page }, more ? link : {});
    });

  it('is asked for anew when the tag after which a page begins was deleted, and a living one skipped', async () => {
    const tags = ['a', 'b', 'c', 'd', 'e', 'f'];
    pagesOfTwo(tags, (last) => {
      if (last === 'b' && tags.includes('b')) tags.splice(1, 1);
    });
    expect(await adapter.listTags(APP, never())).toEqual(['a', 'c', 'd', 'e', 'f']);
  });

  it('comes to an end though a page begins after a tag that dangles, and gives up on one that never rests', async () => {
    const tags = ['a', 'b', 'c', 'd'];
    registry.answer(({ path }, response) => {
      if (!path.includes('/tags/list')) return refuse(response, 404, 'MANIFEST_UNKNOWN');
      const link = { link: '</v2/team-a/app/tags/list?last=b&n=2>; rel="next"' };
      return path.includes('last=')
        ? json(response, 200, { tags: tags.slice(2) })
        : json(response, 200, { tags: tags.slice(0, 2) }, link);
    });
    expect(await adapter.listTags(APP, never())).toEqual(tags);
    let listings = 0;
    registry.answer(({ path }, response) => {
      if (!path.includes('/tags/list')) return refuse(response, 404, 'MANIFEST_UNKNOWN');
      if (path.includes('last=')) return json(response, 200, { tags: ['z'] });
      const last = `t${(listings += 1)}`;
      const link = { link: `</v2/team-a/app/tags/list?last=${last}>; rel="next"` };
      return json(response, 200, { tags: [last] }, link);
    });
    expect(await codeOf(other({}).listTags(APP, never()))).toBe('upstream_unavailable');
  });

  it('below a path of a shared host follows its own links', async () => {
    registry.answer(({ path }, response) =>
      path.includes('last=')
        ? json(response, path.startsWith('/registry/v2/') ? 200 : 404, { tags: ['v2'] })
        : json(
            response,
            200,
            { tags: ['v1'] },
            { link: '</registry/v2/team-a/app/tags/list?last=v1>; rel=next' },
          ),
    );
    expect(await other({}, `${registry.url}/registry`).listTags(APP, never())).toEqual(['v1', 'v2']);
  });

  it.each([
    ['to another host', '<http://127.0.0.1:9/v2/team-a/app/tags/list?last=v1>; rel="next"'],
    ['to itself', '</v2/team-a/app/tags/list?n=1000>; rel="next"'],
    ['out of the API', '</admin?last=v1>; rel="next"'],
  ])('refuses a Link %s', async (_, link) => {
    registry.answer((_request, response) => json(response, 200, { tags: ['v1'] }, { link }));
    const seen = await requestsOf(async () =>
      expect(await codeOf(adapter.listTags(APP, never()))).toBe('upstream_protocol_error'),
    );
    expect(seen).toHaveLength(1);
  });

  it.each([
    ['a page', 200, '<html>sign in</html>'],
    ['half of it', 200, '{"tags": ["v1"'],
    ['a tag that cannot be one', 200, '{"tags": ["../../etc"]}'],
    ['a 404 of some proxy', 404, '<html>not found</html>'],
  ])('is not taken from %s', async (_, status, body) => {
    registry.answer((_request, response) => response.writeHead(status).end(body));
    expect(await codeOf(adapter.listTags(APP, never()))).toMatch(/^upstream_(protocol_)?error$/);
  });

  it('of a repository that does not exist is empty', async () => {
    registry.answer((_request, response) => refuse(response, 404, 'NAME_UNKNOWN'));
    expect(await adapter.listTags(APP, never())).toEqual([]);
  });

  it('of a repository that is gone in the middle of it is no part of a list', async () => {
    let isThere = true;
    registry.answer(({ path }, response) => {
      if (path.includes('last=')) isThere = false;
      if (!isThere) return refuse(response, 404, 'NAME_UNKNOWN');
      const link = { link: '</v2/team-a/app/tags/list?last=v1>; rel="next"' };
      return json(response, 200, { tags: ['v1'] }, link);
    });
    expect(await adapter.listTags(APP, never())).toEqual([]);
    registry.answer(({ path }, response) => {
      if (path.includes('last=')) return refuse(response, 404, 'NAME_UNKNOWN');
      const link = { link: '</v2/team-a/app/tags/list?last=v1>; rel="next"' };
      return json(response, 200, { tags: ['v1'] }, link);
    });
    expect(await codeOf(other({}).listTags(APP, never()))).toBe('upstream_unavailable');
  });
});

describe('a manifest', () => {
  it('is asked for with every media type (TRAPS 3)', async () => {
    registry.answer((_request, response) => manifest(response, BYTES));
    const [seen] = await requestsOf(() => adapter.readManifest(APP, V1, never()));
    const { v1Ancestry: _, ...types } = MEDIA_TYPES;
    for (const type of Object.values(types)) expect(seen?.headers.accept).toContain(type);
  });

  it.each([
    ['a page of some proxy', (response: ServerResponse) => response.writeHead(404).end('<html>')],
    ['nothing', (response: ServerResponse) => response.writeHead(404).end()],
    [
      'the accept header',
      (response: ServerResponse) =>
        refuse(
          response,
          404,
          'MANIFEST_UNKNOWN',
          'OCI manifest found, but accept header does not support it',
        ),
    ],
  ])('is not absent when a 404 comes with %s (TRAPS 4)', async (_, answer) => {
    registry.answer((_request, response) => answer(response));
    expect(await codeOf(adapter.resolve(APP, V1, never()))).toMatch(/^upstream_/);
    expect(await codeOf(adapter.deleteManifest(APP, DIGEST, never()))).toMatch(/^upstream_/);
  });

  it.each([
    [404, 'DENIED'],
    [404, 'UNSUPPORTED'],
    [500, 'MANIFEST_UNKNOWN'],
    [400, 'NAME_UNKNOWN'],
  ])('is not absent when %i comes with %s', async (status, code) => {
    registry.answer((_request, response) => refuse(response, status, code));
    expect(await codeOf(adapter.readManifest(APP, V1, never()))).toMatch(/^upstream_/);
    expect(await codeOf(adapter.deleteManifest(APP, DIGEST, never()))).toMatch(/^upstream_/);
  });

  it.each(['welcome', '"a string"', '[]', 'null'])('is not what says %s', async (text) => {
    const bytes = Buffer.from(text);
    registry.answer((_request, response) =>
      manifest(response, bytes, { 'docker-content-digest': digestOf(bytes) }),
    );
    expect(await codeOf(adapter.readManifest(APP, V1, never()))).toBe('upstream_protocol_error');
  });

  it('is absent when the registry says so, to GET', async () => {
    registry.answer((_request, response) => refuse(response, 404, 'MANIFEST_UNKNOWN'));
    const seen = await requestsOf(async () => expect(await adapter.resolve(APP, V1, never())).toBeNull());
    expect(seen.map(({ method }) => method)).toEqual(['HEAD', 'GET']);
  });

  it('whose bytes do not hash to what was asked or said is refused', async () => {
    registry.answer((_request, response) => manifest(response, Buffer.from('{}')));
    expect(await codeOf(adapter.readManifest(APP, DIGEST, never()))).toBe('digest_mismatch');
    registry.answer((_request, response) =>
      manifest(response, Buffer.from('{}'), { 'docker-content-digest': DIGEST }),
    );
    expect(await codeOf(adapter.readManifest(APP, V1, never()))).toBe('digest_mismatch');
  });

  it('whose digest header is none, or of another algorithm, is read and hashed', async () => {
    const sha512 = `sha512:${createHash('sha512').update(BYTES).digest('hex')}`;
    registry.answer((_request, response) => manifest(response, BYTES));
    expect((await adapter.resolve(APP, V1, never()))?.digest).toBe(DIGEST);
    registry.answer((_request, response) => manifest(response, BYTES, { 'docker-content-digest': sha512 }));
    expect((await adapter.readManifest(APP, V1, never()))?.digest).toBe(sha512);
    registry.answer((_request, response) =>
      manifest(response, BYTES, { 'docker-content-digest': 'sha256:abc' }),
    );
    expect(await codeOf(adapter.resolve(APP, V1, never()))).toBe('upstream_protocol_error');
  });

  it('for another digest than was asked for is not trusted from HEAD', async () => {
    const said = digestOf(Buffer.from('something else'));
    registry.answer(({ method }, response) =>
      method === 'HEAD'
        ? manifest(response, Buffer.alloc(0), { 'docker-content-digest': said })
        : manifest(response, BYTES),
    );
    expect((await adapter.resolve(APP, DIGEST, never()))?.digest).toBe(DIGEST);
  });

  it.each([
    ['cut short', { 'content-length': '1000' }],
    ['longer than it says', { 'content-length': '3' }],
  ])('%s is refused', async (_, headers) => {
    registry.answer(({ method }, response) => {
      response.strictContentLength = false;
      response.writeHead(200, { 'content-type': MEDIA_TYPES.ociManifest, ...headers });
      if (method === 'HEAD') return response.end();
      response.write(BYTES);
      return response.socket?.end();
    });
    expect(await codeOf(adapter.readManifest(APP, DIGEST, never()))).not.toBe('none');
  });

  it('larger than any registry takes is not read to its end', async () => {
    registry.answer((_request, response) => manifest(response, Buffer.alloc(5 * 1024 * 1024, 32)));
    expect(await codeOf(adapter.readManifest(APP, V1, never()))).toBe('upstream_protocol_error');
  });
});

describe('referrers', () => {
  it.each([
    [500, '{}'],
    [200, '{"not": "an index"}'],
  ])('are not none because of %i %s', async (status, body) => {
    registry.answer((_request, response) => response.writeHead(status).end(body));
    expect(await codeOf(adapter.listReferrers(APP, DIGEST, never()))).toMatch(/^upstream_/);
  });
});
