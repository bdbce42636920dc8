import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { parseDigest, type Digest } from '../../src/oci/digest.js';
import { parseTag, type RepositoryName } from '../../src/oci/names.js';
import type { Registry } from '../../src/registries/registry.js';
import type { DtrServer } from '../../tools/fakes/dtr-server.js';
import { pushImage } from '../../tools/images.js';
import { startRegistryProxy, type Interference, type RegistryProxy } from '../support/registry-proxy.js';
import { codeOf, never } from './adapter.js';
import { addRepository, openDtr, startDtr } from './dtr-world.js';
import { startScriptedRegistry } from './scripted-registry.js';

const V1 = parseTag('v1');
let server: DtrServer;
let proxy: RegistryProxy;
let registry: Registry;
let repository: RepositoryName;
let digest: Digest;
let place: ReturnType<typeof addRepository>;

beforeEach(async () => {
  server = await startDtr();
  proxy = await startRegistryProxy(server.url);
  registry = openDtr(proxy.url, { requestTimeoutMs: 500 });
  place = addRepository(server);
  repository = place.repository;
  digest = parseDigest((await pushImage(place.to, { tags: ['v1', 'stable'] })).digest);
});

afterEach(async () => {
  await registry.close();
  await proxy.stop();
  await server.stop();
  expect(server.violations).toEqual([]);
});

const envelope = (status: number, code: string): Interference => ({
  status,
  headers: { 'content-type': 'application/json' },
  body: JSON.stringify({ errors: [{ code, message: 'no' }] }),
});
const page = (status: number): Interference => ({
  status,
  headers: { 'content-type': 'text/html' },
  body: '<html>hello</html>',
});
const cutShort: Interference = {
  status: 200,
  headers: { 'content-type': 'application/json', 'content-length': '1000', connection: 'close' },
  body: '[{"name":"v1"',
};

const tags = () => [...(server.repositories.get(repository)?.tags.keys() ?? [])].sort();
/** DTR's own API answers so; the distribution API beside it works. */
const apiAnswers = (answer: Interference) =>
  proxy.interfere(({ path }) => (path.startsWith('/api/v0/') ? answer : null));
const deletions = () => server.requests.filter(({ method }) => method === 'DELETE');

describe('a Docker Trusted Registry that answers badly', () => {
  it.each<[string, Interference, string]>([
    ['401', { status: 401, body: 'no' }, 'upstream_unauthorized'],
    [
      '401 and names a token server',
      { status: 401, headers: { 'www-authenticate': 'Bearer realm="http://evil.test/token"' } },
      'upstream_unauthorized',
    ],
    ['403', envelope(403, 'NOT_AUTHORIZED'), 'upstream_forbidden'],
    ['404 for a repository that is there for /v2', envelope(404, 'NO_SUCH_REPOSITORY'), 'upstream_error'],
    ['404 for a tag that /v2 still serves', envelope(404, 'NO_SUCH_TAG'), 'upstream_error'],
    ['404 with a page', page(404), 'untag_unsupported'],
    ['405', envelope(405, 'NOT_ALLOWED'), 'upstream_error'],
    ['409 for another reason', envelope(409, 'CONFLICT'), 'upstream_error'],
    ['409 because it is signed', envelope(409, 'TAG_IN_NOTARY'), 'tag_in_notary'],
    ['429', { status: 429 }, 'upstream_rate_limited'],
    ['500', { status: 500 }, 'upstream_error'],
    ['503', { status: 503 }, 'upstream_unavailable'],
    ['200 with a page', page(200), 'upstream_protocol_error'],
    ['half a connection', 'reset', 'upstream_unavailable'],
    ['a redirect', { status: 307, headers: { location: '/elsewhere' } }, 'upstream_protocol_error'],
  ])('%s to the deletion of a tag: says so, and the tag stays', async (_what, answer, code) => {
    apiAnswers(answer);
    expect(await codeOf(registry.untag(repository, V1, digest, never()))).toBe(code);
    expect(deletions()).toEqual([]);
    expect(tags()).toEqual(['stable', 'v1']);
  });

  it.each<[string, Interference, string]>([
    ['400', envelope(400, 'INVALID_DIGEST'), 'upstream_error'],
    ['404 in its own words', envelope(404, 'NO_SUCH_MANIFEST'), 'digest_unsupported'],
    ['404 with a page', page(404), 'digest_unsupported'],
    ['405', envelope(405, 'NOT_ALLOWED'), 'digest_unsupported'],
    ['500', { status: 500 }, 'upstream_error'],
    ['200 with a page', page(200), 'upstream_protocol_error'],
  ])('%s to the deletion of a manifest that is there: never absent', async (_what, answer, code) => {
    apiAnswers(answer);
    expect(await codeOf(registry.deleteManifest(repository, digest, never()))).toBe(code);
    expect(tags()).toEqual(['stable', 'v1']);
  });

  it.each<[string, Interference, string]>([
    ['a page', page(200), 'upstream_protocol_error'],
    ['an object', { status: 200, body: '{"tags":["v1"]}' }, 'upstream_protocol_error'],
    ['a tag that is none', { status: 200, body: '[{"name":"../x"}]' }, 'upstream_protocol_error'],
    ['half a list', cutShort, 'upstream_protocol_error'],
    ['no route', page(404), 'upstream_protocol_error'],
    ['500', { status: 500 }, 'upstream_error'],
    [
      'pages without end',
      { status: 200, headers: { 'x-next-page-start': 'again' }, body: '[]' },
      'upstream_protocol_error',
    ],
  ])('%s in place of the tags: never taken for a list', async (_what, answer, code) => {
    apiAnswers(answer);
    expect(await codeOf(registry.listTags(repository, never()))).toBe(code);
  });

  it('null in place of a list: there are none', async () => {
    apiAnswers({ status: 200, body: 'null' });
    expect(await registry.listTags(repository, never())).toEqual([]);
    apiAnswers({ status: 200, body: '{"repositories":null}' });
    const none = await registry.listRepositories({ after: null, limit: 10 }, never());
    expect(none).toEqual({ items: [], hasMore: false });
  });

  it('done to the deletion of what cannot exist: what it says proves nothing', async () => {
    proxy.interfere(({ method }) => (method === 'DELETE' ? { status: 204 } : null));
    expect(await codeOf(registry.probe(repository, never()))).toBe('upstream_protocol_error');
  });

  it('a page to every probe: nothing is known to work', async () => {
    proxy.interfere(({ method }) => (method === 'DELETE' ? page(404) : null));
    expect(await registry.probe(repository, never())).toMatchObject({
      deletion: 'unknown',
      deletes: 'tags',
      untag: 'none',
    });
  });
});

describe('a Docker Trusted Registry behind a bad line', () => {
  it('did what was asked, and its answer was lost: what was pushed then is left alone, and another call finds nothing', async () => {
    let lost = 0;
    let newer: Digest | null = null;
    proxy.interfere(async ({ method, path }) => {
      if (method !== 'DELETE' || (lost += 1) > 1) return null;
      const { authorization = '' } = server.requests.findLast((seen) => seen.path.startsWith('/api')) ?? {};
      const sent = { authorization, accept: 'application/json' };
      await fetch(`${server.url}${path}`, { method, headers: sent });
      if (path.includes('/tags/v1?'))
        newer = parseDigest((await pushImage(place.to, { tags: ['v1'], content: 'new' })).digest);
      return 'reset';
    });
    await registry.listTags(repository, never());
    expect(await codeOf(registry.untag(repository, V1, digest, never()))).toBe('upstream_unavailable');
    expect(server.repositories.get(repository)?.tags.get('v1')).toBe(newer);
    lost = 0;
    expect(await codeOf(registry.untag(repository, parseTag('stable'), digest, never()))).toBe(
      'upstream_unavailable',
    );
    expect(await registry.untag(repository, parseTag('stable'), digest, never())).toBe('absent');
    expect(tags()).toEqual(['v1']);
  });

  it('has its tag moved while it cannot find it: left alone', async () => {
    const { to } = place;
    let moved: Digest | null = null;
    proxy.interfere(async ({ method }) => {
      if (method !== 'DELETE') return null;
      moved = parseDigest((await pushImage(to, { tags: ['v1'], content: 'moved' })).digest);
      return envelope(404, 'NO_SUCH_TAG');
    });
    expect(await registry.untag(repository, V1, digest, never())).toBe('moved');
    expect(server.repositories.get(repository)?.tags.get('v1')).toBe(moved);
  });

  it('never sends the credentials to another host', async () => {
    const other = await startScriptedRegistry();
    other.answer((_, response) => response.writeHead(200).end('{"token":"x"}'));
    proxy.interfere(() => ({ status: 307, headers: { location: `${other.url}/api/v0/repositories` } }));
    expect(await codeOf(registry.listTags(repository, never()))).toBe('upstream_protocol_error');
    expect(await codeOf(registry.resolve(repository, V1, never()))).toBe('upstream_protocol_error');
    const realm = `Bearer realm="${other.url}/token",service="x"`;
    proxy.interfere(() => ({ status: 401, headers: { 'www-authenticate': realm } }));
    expect(await codeOf(registry.listTags(repository, never()))).toBe('upstream_unauthorized');
    expect(await codeOf(registry.resolve(repository, V1, never()))).toBe('upstream_realm_not_allowed');
    expect(other.requests).toEqual([]);
    await other.stop();
  });
});
