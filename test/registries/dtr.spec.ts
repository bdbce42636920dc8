import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { digestOf, parseDigest, type Digest } from '../../src/oci/digest.js';
import { parseRepositoryName, parseTag, type RepositoryName, type Tag } from '../../src/oci/names.js';
import { manifestPath, tagPath, tagsPath } from '../../src/registries/dtr/paths.js';
import type { Registry } from '../../src/registries/registry.js';
import type { PushTo } from '../../tools/blobs.js';
import type { DtrServer, DtrServerOptions } from '../../tools/fakes/dtr-server.js';
import { pushImage, pushIndex } from '../../tools/images.js';
import { codeOf, never, optionsFor } from './adapter.js';
import { addRepository, openDtr, SEXTON, startDtr } from './dtr-world.js';

const V1 = parseTag('v1');
let server: DtrServer;
let registry: Registry;
let repository: RepositoryName;
let to: PushTo;

/** Another server, in place of the one that every test begins with. */
const start = async (options: DtrServerOptions = {}): Promise<void> => {
  await registry?.close();
  await server?.stop();
  server = await startDtr(options);
  registry = openDtr(server.url);
  ({ repository, to } = addRepository(server));
};

beforeEach(() => start());

afterEach(async () => {
  await registry.close();
  await server.stop();
  expect(server.violations).toEqual([]);
});

const push = async (...tags: readonly string[]): Promise<Digest> =>
  parseDigest((await pushImage(to, { tags })).digest);
const tags = (name: string = repository) => [...(server.repositories.get(name)?.tags.keys() ?? [])].sort();
const sent = (prefix: string) => server.requests.filter(({ path }) => path.startsWith(prefix));

describe('the two APIs of a Docker Trusted Registry', () => {
  it('get Basic credentials from the first request on, and a token', async () => {
    const digest = await push('v1');
    const before = server.requests.length;
    await registry.listTags(repository, never());
    await registry.untag(repository, V1, digest, never());
    const basic = `Basic ${Buffer.from(`${SEXTON.username}:${SEXTON.password}`).toString('base64')}`;
    expect(sent('/api/v0/').map(({ authorization }) => authorization)).toEqual([basic, basic]);
    const toV2 = server.requests.slice(before).filter(({ path }) => path.startsWith('/v2/'));
    expect(toV2.map(({ authorization }) => authorization.split(' ')[0])).toEqual(['', 'Bearer']);
  });

  it('take an access token in place of the password', async () => {
    await start({ accounts: [{ ...SEXTON, accessTokens: ['planted-token'] }] });
    const digest = await push('v1');
    const withToken = openDtr(server.url, { credentials: { ...SEXTON, password: 'planted-token' } });
    expect(await withToken.untag(repository, V1, digest, never())).toBe('untagged');
    await withToken.close();
  });

  it('show whoever has no account what is public, and let them delete nothing', async () => {
    await push('v1');
    const open = addRepository(server, 'public/app');
    server.addRepository('public/app', { isPublic: true });
    const { digest } = await pushImage(open.to, { tags: ['v1'] });
    const anonymous = openDtr(server.url, { credentials: null });
    const { items } = await anonymous.listRepositories({ after: null, limit: 10 }, never());
    expect(items).toEqual(['public/app']);
    const untag = anonymous.untag(open.repository, V1, parseDigest(digest), never());
    expect(await codeOf(untag)).toBe('upstream_unauthorized');
    expect(tags('public/app')).toEqual(['v1']);
    await anonymous.close();
  });

  it('refuse an account that may only read, and say what is missing', async () => {
    const accounts = [{ ...SEXTON, rights: { 'team-a/reads': 'read' as const } }];
    await start({ accounts });
    ({ repository, to } = addRepository(server, 'team-a/reads'));
    const digest = await push('v1');
    expect(await registry.listTags(repository, never())).toEqual(['v1']);
    expect(await registry.probe(repository, never())).toMatchObject({ deletion: 'unknown' });
    const untag = registry.untag(repository, V1, digest, never());
    await expect(untag).rejects.toThrow('write access');
    expect(await codeOf(registry.deleteManifest(repository, digest, never()))).toBe('upstream_forbidden');
    expect(tags()).toEqual(['v1']);
  });
});

describe('names and paths of a Docker Trusted Registry', () => {
  it.each(['app', 'team-a/group/app'])('have no place for %s: nothing is sent', async (name) => {
    const other = parseRepositoryName(name);
    const digest = digestOf(Buffer.from('x'));
    const calls = [
      registry.probe(other, never()),
      registry.untag(other, V1, digest, never()),
      registry.deleteManifest(other, digest, never()),
      registry.putManifest(other, V1, { bytes: Buffer.from('{}'), mediaType: 'x/y' }, never()),
    ];
    for (const call of calls) expect(await codeOf(call)).toBe('repository_name_unsupported');
    expect(await registry.listTags(other, never())).toEqual([]);
    for (const reference of [V1, digest]) {
      expect(await registry.resolve(other, reference, never())).toBeNull();
      expect(await registry.readManifest(other, reference, never())).toBeNull();
    }
    expect(await registry.listReferrers(other, digest, never())).toBeNull();
    expect(await registry.readBlob(other, digest, 100, never())).toBeNull();
    expect(await registry.canPullBlob(other, digest, never())).toBe(false);
    expect(server.requests).toEqual([]);
  });

  it('are deleted in without a namespace where a proxy maps them, if the entry says so', async () => {
    await start({ mapsBareNames: true });
    ({ repository, to } = addRepository(server, 'toutiao.baseimage'));
    const digest = await push('v1', 'stable');
    const optional = openDtr(server.url, { namespaces: 'optional' });
    expect(await optional.untag(repository, V1, digest, never())).toBe('untagged');
    expect(tags()).toEqual(['stable']);
    expect(await optional.deleteManifest(repository, digest, never())).toBe('deleted');
    expect(await optional.listTags(repository, never())).toEqual([]);
    await optional.close();
  });

  it('lose nothing when the entry says so and the registry cannot', async () => {
    const { to: other } = addRepository(server, 'toutiao.baseimage/manifests');
    const digest = parseDigest((await pushImage(other, { tags: ['v1'] })).digest);
    const name = parseRepositoryName('toutiao.baseimage');
    const optional = openDtr(server.url, { namespaces: 'optional' });
    expect(await optional.listTags(name, never())).toEqual([]);
    expect(await optional.untag(name, V1, digest, never())).toBe('absent');
    expect(await optional.deleteManifest(name, digest, never())).toBe('absent');
    await optional.close();
    expect(tags('toutiao.baseimage/manifests')).toEqual(['v1']);
    // The one deletion that was sent has no route, and is none of a repository.
    const path = `/api/v0/repositories/toutiao.baseimage/manifests/${digest}`;
    expect(server.violations).toEqual([`DELETE ${path} is no route of the API`]);
    await start();
  });

  it('never have an empty segment, whatever gets past the parsers (TRAPS 13)', () => {
    const options = optionsFor('https://registry.test');
    const digest = digestOf(Buffer.from('x'));
    for (const bad of ['', '.', '..', '../x', 'a/b', '%2e', 'v1?x', 'v1#x', ' ']) {
      expect(() => tagPath(repository, bad as Tag, options)).toThrow('empty segment');
      expect(() => manifestPath(repository, bad as Digest)).toThrow('empty segment');
    }
    for (const bad of ['', '/', 'team-a/', '/app', 'team-a//app', 'team-a/..'] as RepositoryName[]) {
      expect(() => tagsPath(bad)).toThrow('empty segment');
      expect(() => tagPath(bad, V1, options)).toThrow('empty segment');
      expect(() => manifestPath(bad, digest)).toThrow('empty segment');
    }
    expect(tagPath(repository, V1, options)).toBe(
      `/api/v0/repositories/${repository}/tags/v1?domain=registry.test`,
    );
  });
});

describe('lists of a Docker Trusted Registry', () => {
  it('come in pages, with each tag once although an index has a record for each platform', async () => {
    const names = Array.from({ length: 150 }, (_, index) => `t${index}`);
    const amd64 = await pushImage(to, { tags: names });
    const arm64 = await pushImage(to, { content: 'arm64' });
    await pushIndex(to, [amd64, arm64], { tags: ['multi', 'other'] });
    expect([...(await registry.listTags(repository, never()))].sort()).toEqual(
      [...names, 'multi', 'other'].sort(),
    );
    expect(sent('/api/v0/')).toHaveLength(2);
  });

  it('are sorted although the registry has an order of its own', async () => {
    const names = Array.from({ length: 120 }, (_, index) => `team-${index % 7}/app-${index}`).sort();
    for (const name of names) server.addRepository(name);
    const first = await registry.listRepositories({ after: null, limit: 50 }, never());
    expect(first).toEqual({ items: [...names, repository].sort().slice(0, 50), hasMore: true });
    const last = await registry.listRepositories(
      { after: parseRepositoryName('team-6'), limit: 50 },
      never(),
    );
    expect(last.hasMore).toBe(false);
    expect(last.items).toEqual([...names, repository].filter((name) => name > 'team-6'));
  });
});

describe('deleting from a Docker Trusted Registry', () => {
  it('leaves a signed tag, and says what to do first', async () => {
    const digest = await push('v1', 'stable');
    server.repositories.get(repository)?.signed.add('v1');
    const untag = registry.untag(repository, V1, digest, never());
    await expect(untag).rejects.toMatchObject({
      code: 'tag_in_notary',
      hint: expect.stringContaining('trust') as string,
      canRetry: false,
    });
    expect(tags()).toEqual(['stable', 'v1']);
  });

  it('by digest removes the tags that the registry leaves behind', async () => {
    await start({ keepsTagsOfDeletedManifests: true });
    const digest = await push('v1', 'stable');
    await pushImage(to, { tags: ['other'], content: 'other' });
    expect(await registry.deleteManifest(repository, digest, never())).toBe('deleted');
    expect(tags()).toEqual(['other']);
  });

  it('by digest leaves the tag of an index, whose record names the child (TRAPS 3)', async () => {
    const child = await pushImage(to);
    await pushIndex(to, [child], { tags: ['multi'] });
    expect(await registry.deleteManifest(repository, parseDigest(child.digest), never())).toBe('deleted');
    expect(tags()).toEqual(['multi']);
  });

  it.each([
    ['2.5', { deletes: 'manifests', untag: 'native', deletion: 'enabled' }],
    ['2.6', { deletes: 'tags', untag: 'native', deletion: 'enabled' }],
    ['2.7', { deletes: 'manifests', untag: 'native', deletion: 'enabled' }],
  ] as const)('is found out by asking: %s', async (version, expected) => {
    await start({ version });
    await push('v1');
    const asked = server.requests.length;
    expect(await registry.probe(repository, never())).toMatchObject(expected);
    const deletes = server.requests.slice(asked).filter(({ method }) => method === 'DELETE');
    expect(deletes.map(({ path }) => path.replace(/[a-f0-9]{64}/, '…'))).toEqual([
      `/api/v0/repositories/${repository}/manifests/sha256:…`,
      `/api/v0/repositories/${repository}/tags/sexton-probe-…?domain=${encodeURIComponent(new URL(server.url).host)}`,
    ]);
    expect(tags()).toEqual(['v1']);
  });

  it('is not taken for possible where no repository can be seen', async () => {
    await start({ accounts: [{ ...SEXTON, rights: {} }] });
    expect(await registry.probe(null, never())).toMatchObject({ deletion: 'unknown', deletes: 'tags' });
  });
});
