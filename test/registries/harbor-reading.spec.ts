import { describe, expect, it } from 'vitest';
import { parseDigest } from '../../src/oci/digest.js';
import { parseRepositoryName } from '../../src/oci/names.js';
import { pushImage, pushIndex } from '../../tools/images.js';
import {
  ABSENT,
  ADMIN,
  at,
  harbor,
  missing,
  open,
  push,
  registry,
  repository,
  signal,
  stable,
  v1,
  useHarbor,
} from './harbor-world.js';

useHarbor();

describe('what a Harbor holds', () => {
  it('lists every tag, also on several pages, and none of an unknown repository', async () => {
    const image = await pushImage(at(), { tags: ['v1', 'stable'] });
    const many = Array.from({ length: 1001 }, (_, index) => `build-${String(index).padStart(4, '0')}`);
    for (const tag of many) harbor.store.put(repository, image.mediaType, image.bytes, tag);
    expect([...(await registry.listTags(repository, signal))].sort()).toEqual(
      [...many, 'stable', 'v1'].sort(),
    );
    expect(await registry.listTags(parseRepositoryName('team/unknown'), signal)).toEqual([]);
  });

  it('resolves a tag and a digest to the same manifest, with its media type', async () => {
    const digest = await push({ tags: ['v1'], family: 'docker' });
    const resolved = { digest, mediaType: 'application/vnd.docker.distribution.manifest.v2+json' };
    expect(await registry.resolve(repository, v1, signal)).toEqual(resolved);
    expect(await registry.resolve(repository, digest, signal)).toEqual(resolved);
  });

  it('answers null for what is not there', async () => {
    await push({ tags: ['v1'] });
    expect(await registry.resolve(repository, missing, signal)).toBeNull();
    expect(await registry.resolve(repository, ABSENT, signal)).toBeNull();
    expect(await registry.readManifest(repository, missing, signal)).toBeNull();
    expect(await registry.readManifest(repository, ABSENT, signal)).toBeNull();
    expect(await registry.readManifest(parseRepositoryName('team/unknown'), v1, signal)).toBeNull();
  });

  it('reads a manifest byte for byte, under every media type', async () => {
    const image = await pushImage(at(), { tags: ['v1'], family: 'docker' });
    const index = await pushIndex(at(), [image], { tags: ['stable'] });
    const read = await registry.readManifest(repository, stable, signal);
    expect(Buffer.from(read?.bytes ?? []).equals(index.bytes)).toBe(true);
    expect(read).toMatchObject({
      digest: index.digest,
      mediaType: index.mediaType,
      content: { kind: 'index' },
    });
    const child = await registry.readManifest(repository, parseDigest(image.digest), signal);
    expect(Buffer.from(child?.bytes ?? []).equals(image.bytes)).toBe(true);
  });

  it('never reads a manifest by its tag, which would count as a pull; double-encodes names (TRAPS 18)', async () => {
    const digest = await push({ tags: ['v1'] });
    const before = harbor.requests.length;
    await registry.readManifest(repository, v1, signal);
    expect(harbor.requests.slice(before).map(({ method, path }) => `${method} ${path}`)).toEqual([
      `GET /api/v2.0/projects/team/repositories/group%252F${repository.split('/')[2]}/artifacts/v1?with_tag=false`,
      `GET /v2/${repository}/manifests/${digest}`,
    ]);
  });

  it('lists repositories in name order, page after page, though Harbor sorts otherwise', async () => {
    const account = open({ credentials: { username: ADMIN.username, password: ADMIN.password } });
    const names = ['a', 'a-b', 'ab', 'a/c', ...Array.from({ length: 120 }, (_, index) => `many${index}`)];
    for (const name of names) harbor.store.ensureRepository(`secret/${name}`);
    const everything = [...harbor.store.repositories.keys()].sort();
    const seen: string[] = [];
    for (let hasMore = true; hasMore;) {
      const after = seen.length > 0 ? parseRepositoryName(seen.at(-1) ?? '') : null;
      const page = await account.listRepositories({ after, limit: 50 }, signal);
      seen.push(...page.items);
      hasMore = page.hasMore;
    }
    expect(seen).toEqual(everything);
    await account.close();
  });

  it('lists only repositories that the account may see', async () => {
    await push({ tags: ['v1'] });
    harbor.store.ensureRepository('secret/hidden');
    const { items } = await registry.listRepositories({ after: null, limit: 1000 }, signal);
    expect(items).toContain(repository);
    expect(items.filter((name) => name.startsWith('secret/'))).toEqual([]);
  });

  it('lists untagged artifacts with their push time, without children and signatures', async () => {
    const child = await pushImage(at(), { content: 'a child' });
    await pushIndex(at(), [child], { tags: ['v1'] });
    const lonely = await pushImage(at(), { content: 'nobody leads here' });
    await pushImage(at(), { content: 'a signature', subject: lonely });
    const { pushTime } = harbor.store.find(repository, lonely.digest);
    expect(await registry.listUntagged?.(repository, signal)).toEqual([
      { digest: lonely.digest, mediaType: lonely.mediaType, pushedAt: new Date(pushTime) },
    ]);
  });

  it('knows when each tag was pushed', async () => {
    const digest = await push({ tags: ['v1', 'stable'] });
    await pushImage(at(), { content: 'nobody leads here' });
    const pushedAt = new Date(harbor.store.find(repository, digest).pushTime);
    const times = await registry.pushTimes?.(repository, signal);
    expect([...(times ?? [])].sort()).toEqual([
      ['stable', pushedAt],
      ['v1', pushedAt],
    ]);
  });

  it('reads a small blob, and none that is too big or not there', async () => {
    const manifest = await registry.readManifest(repository, await push({ tags: ['v1'] }), signal);
    const [config] = manifest?.content.kind === 'image' ? manifest.content.blobs : [];
    if (!config) throw new Error('an image has a configuration');
    const bytes = await registry.readBlob(repository, config.digest, 10_000, signal);
    expect(bytes?.byteLength).toBe(config.sizeBytes);
    expect(await registry.readBlob(repository, config.digest, 10, signal)).toBeNull();
    expect(await registry.readBlob(repository, ABSENT, 10_000, signal)).toBeNull();
  });

  it('goes on through the pages of untagged artifacts, also when a proxy drops the count', async () => {
    for (let index = 0; index < 205; index += 1) {
      const bytes = Buffer.from(JSON.stringify({ schemaVersion: 2, annotations: { index: String(index) } }));
      harbor.store.put(repository, 'application/vnd.oci.image.manifest.v1+json', bytes, null);
    }
    const distinct = async () => {
      const untagged = (await registry.listUntagged?.(repository, signal)) ?? [];
      return new Set(untagged.map(({ digest }) => digest)).size;
    };
    expect(await distinct()).toBe(205);
    harbor.interfere(({ path }) => {
      const page = Number(new URL(path, harbor.url).searchParams.get('page'));
      const items = harbor.store.listed(repository).slice((page - 1) * 100, page * 100);
      const body = items.map(({ digest, mediaType }) => ({ digest, manifest_media_type: mediaType }));
      return { status: 200, body: JSON.stringify(body) };
    });
    expect(await distinct()).toBe(205);
  });

  it('finds referrers through the API', async () => {
    const subject = await pushImage(at(), { tags: ['v1'] });
    const signature = await pushImage(at(), { content: 'a signature', subject });
    const referrers = await registry.listReferrers(repository, parseDigest(subject.digest), signal);
    expect(referrers?.map(({ digest }) => digest)).toEqual([signature.digest]);
  });

  it('knows that a name without a project cannot be there, and asks nobody', async () => {
    const before = harbor.requests.length;
    const lonely = parseRepositoryName('app');
    expect(await registry.listTags(lonely, signal)).toEqual([]);
    expect(await registry.listUntagged?.(lonely, signal)).toEqual([]);
    expect(await registry.readManifest(lonely, v1, signal)).toBeNull();
    expect(await registry.deleteManifest(lonely, ABSENT, signal)).toBe('absent');
    expect(await registry.untag(lonely, v1, ABSENT, signal)).toBe('absent');
    expect(harbor.requests.length).toBe(before);
  });
});
