import { describe, expect, it } from 'vitest';
import { parseDigest } from '../../src/oci/digest.js';
import { parseRepositoryName } from '../../src/oci/names.js';
import {
  APP,
  codeOf,
  never,
  open,
  registry,
  resolve,
  server,
  tag,
  untag,
  useV1World,
  v1,
} from './v1-world.js';

useV1World();

describe('reading', () => {
  it('says what the registry can do, and changes nothing by asking', async () => {
    const image = server.addImage();
    server.tag('team-a/app', 'v1', image);
    expect(await registry.probe(null, never)).toEqual({
      deletes: 'tags',
      deletion: 'enabled',
      untag: 'native',
      referrersApi: false,
      listsUntagged: false,
    });
    expect(server.tags('team-a/app')).toEqual({ v1: image });
  });

  it('finds a mirror, which never deletes, and a proxy that lets nobody delete', async () => {
    await open({ standalone: 'mirror' });
    expect(await registry.probe(null, never)).toMatchObject({ deletion: 'disabled' });
    await open();
    server.interfere(({ method }) => (method === 'DELETE' ? { status: 403 } : null));
    expect(await registry.probe(null, never)).toMatchObject({ deletion: 'unknown' });
    server.interfere(({ method }) => (method === 'DELETE' ? { status: 405 } : null));
    expect(await registry.probe(null, never)).toMatchObject({ deletion: 'disabled' });
  });

  it('lists tags, and none of a repository that is not there', async () => {
    const image = server.addImage();
    for (const name of ['v1', 'stable', 'tags', 'json']) server.tag('team-a/app', name, image);
    expect([...(await registry.listTags(APP, never))].sort()).toEqual(['json', 'stable', 'tags', 'v1']);
    expect(await registry.listTags(parseRepositoryName('no/such'), never)).toEqual([]);
  });

  it('does not take the 404 of another question for an empty repository', async () => {
    // GET /v1/repositories/team/tags/tags asks for the tag "tags" of library/team: the API cannot name this repository.
    server.tag('team/tags', 'v1', server.addImage());
    expect(await codeOf(registry.listTags(parseRepositoryName('team/tags'), never))).toBe('upstream_error');
  });

  it('resolves a tag to its image, which is no content digest; absent is null', async () => {
    const base = server.addImage();
    const image = server.addImage(base);
    server.tag('team-a/app', 'v1', image);
    expect(await resolve('v1')).toBe(`v1id:${image}`);
    expect(await resolve('v2')).toBeNull();
    const manifest = await registry.readManifest(APP, tag('v1'), never);
    expect(manifest).toMatchObject({
      digest: v1(image),
      content: { kind: 'image', blobs: [{ digest: v1(image) }, { digest: v1(base) }] },
    });
    expect(Buffer.from(manifest?.bytes ?? []).toString()).toBe(`["${image}", "${base}"]`);
    expect(await registry.readManifest(APP, v1('0'.repeat(64)), never)).toBeNull();
    expect(await registry.resolve(APP, v1(image), never)).toMatchObject({ digest: v1(image) });
    const content = parseDigest(`sha256:${image}`);
    expect(await registry.resolve(APP, content, never)).toBeNull();
    expect(server.requests.filter(({ path }) => path.includes('sha256'))).toEqual([]);
  });

  it('takes a name without a namespace for one in library, and a deep one whole', async () => {
    const image = server.addImage();
    server.tag('library/app', 'v1', image);
    server.tag('team/app/deep', 'v1', image);
    const short = parseRepositoryName('app');
    expect(registry.canonicalName?.(short)).toBe('library/app');
    expect(registry.canonicalName?.(APP)).toBe(APP);
    expect(await resolve('v1', short)).toBe(v1(image));
    expect(await resolve('v1', parseRepositoryName('team/app/deep'))).toBe(v1(image));
  });

  it('lists repositories page by page, and says where the search is switched off', async () => {
    for (const name of ['b/two', 'a/one', 'team/app/deep']) server.tag(name, 'v1', server.addImage());
    const first = await registry.listRepositories({ after: null, limit: 2 }, never);
    expect(first).toEqual({ items: ['a/one', 'b/two'], hasMore: true });
    const rest = await registry.listRepositories({ after: parseRepositoryName('b/two'), limit: 2 }, never);
    expect(rest).toEqual({ items: ['team/app/deep'], hasMore: false });
    await open({ search: false });
    expect(await codeOf(registry.listRepositories({ after: null, limit: 2 }, never))).toBe(
      'listing_unsupported',
    );
  });
});

describe('deleting', () => {
  it('removes one tag: its sibling, its image and other repositories stay (TRAPS 1)', async () => {
    const image = server.addImage();
    for (const name of ['v1', 'stable']) server.tag('team-a/app', name, image);
    server.tag('team-b/app', 'v1', image);
    expect(await untag('v1', image)).toBe('untagged');
    expect(server.tags('team-a/app')).toEqual({ stable: image });
    expect(server.tags('team-b/app')).toEqual({ v1: image });
    expect(await registry.resolve(APP, v1(image), never)).not.toBeNull();
  });

  it('leaves a tag alone that moved, and says when it was gone (TRAPS 2)', async () => {
    const [old, newer] = [server.addImage(), server.addImage()];
    server.tag('team-a/app', 'v1', newer);
    expect(await untag('v1', old)).toBe('moved');
    expect(server.tags('team-a/app')).toEqual({ v1: newer });
    expect(await untag('v2', old)).toBe('absent');
    expect(server.requests.filter(({ method }) => method === 'DELETE')).toEqual([]);
  });

  it('believes no 404: the tag is gone although it says so, or stays although it says so (TRAPS 5)', async () => {
    const image = server.addImage();
    server.content.repositories.set('team-a/app', new Map([['v1', { image, hasJson: false }]]));
    expect(await untag('v1', image)).toBe('untagged');
    server.tag('team-a/app', 'v1', image);
    server.interfere(({ method }) =>
      method === 'DELETE' ? { status: 404, body: '{"error": "Tag not found: v1"}' } : null,
    );
    expect(await codeOf(untag('v1', image))).toBe('upstream_error');
  });

  it('sends a deletion once: a repetition could meet a tag that was pushed meanwhile', async () => {
    const image = server.addImage();
    server.tag('team-a/app', 'v1', image);
    server.interfere(({ method }) => (method === 'DELETE' ? { status: 503 } : null));
    expect(await codeOf(untag('v1', image))).toBe('upstream_unavailable');
    expect(server.requests.filter(({ method }) => method === 'DELETE')).toHaveLength(1);
  });

  it('removes a tag named tags, and no repository (TRAPS 13)', async () => {
    const image = server.addImage();
    for (const name of ['v1', 'tags']) server.tag('team-a/app', name, image);
    expect(await untag('tags', image)).toBe('untagged');
    expect(server.tags('team-a/app')).toEqual({ v1: image });
  });

  it('refuses a digest, and sends nothing', async () => {
    expect(await codeOf(registry.deleteManifest(APP, v1('0'.repeat(64)), never))).toBe('digest_unsupported');
    expect(server.requests).toEqual([]);
  });
});

describe('putting back', () => {
  it('gives a tag to the image that it named', async () => {
    const image = server.addImage(server.addImage());
    server.tag('team-a/app', 'v1', image);
    const manifest = await registry.readManifest(APP, tag('v1'), never);
    await untag('v1', image);
    await registry.putManifest(APP, tag('v1'), manifest ?? { bytes: new Uint8Array(), mediaType: '' }, never);
    expect(server.tags('team-a/app')).toEqual({ v1: image });
  });

  it('cannot where the image is gone, nor put an image back', async () => {
    const image = server.addImage();
    const manifest = await registry.readManifest(APP, v1(image), never);
    const kept = manifest ?? { bytes: new Uint8Array(), mediaType: '' };
    server.content.images.delete(image);
    expect(await codeOf(registry.putManifest(APP, tag('v1'), kept, never))).toBe('not_restorable');
    expect(await codeOf(registry.putManifest(APP, v1(image), kept, never))).toBe('not_restorable');
    expect(server.tags('team-a/app')).toEqual({});
  });

  it('pulls a layer to its end before it says that it is there', async () => {
    const image = server.addImage();
    const canPull = () => registry.canPullBlob(APP, v1(image), never);
    expect(await canPull()).toBe(true);
    server.interfere(({ path }) =>
      path.endsWith('/layer') ? { status: 200, body: 'layer', cut: true } : null,
    );
    expect(await canPull()).toBe(false);
    server.interfere(() => null);
    server.content.images.set(image, { ancestry: [image], layer: null, isUploading: false });
    expect(await canPull()).toBe(false);
    expect(await registry.canPullBlob(APP, v1('0'.repeat(64)), never)).toBe(false);
  });
});

describe('orphans', () => {
  const orphans = (...names: string[]) =>
    registry.findOrphans?.(
      APP,
      names.map((name) => tag(name)),
      never,
    );

  it('are what no other tag’s ancestry holds, of any repository', async () => {
    const base = server.addImage();
    const middle = server.addImage(base);
    const [mine, other] = [server.addImage(middle), server.addImage(base)];
    server.tag('team-a/app', 'v1', mine);
    server.tag('team-a/app', 'v2', mine);
    server.tag('team-a/app', 'v3', other);
    expect(await orphans('v1')).toEqual({ images: [], lookedAt: 'registry' });
    const both = { images: [v1(mine), v1(middle)].sort(), lookedAt: 'registry' };
    expect(await orphans('v1', 'v2')).toEqual(both);
    server.tag('team-b/app', 'v1', middle);
    expect(await orphans('v1', 'v2')).toEqual({ images: [v1(mine)], lookedAt: 'registry' });
  });

  it('are only those of the repository where others cannot be followed', async () => {
    const image = server.addImage();
    server.tag('team-a/app', 'v1', image);
    server.tag('team-b/app', 'v1', 'f'.repeat(64));
    expect(await orphans('v1')).toEqual({ images: [v1(image)], lookedAt: 'repository' });
    server.content.repositories.delete('team-b/app');
    server.tag('Team/OUT-OF-GRAMMAR', 'v1', image);
    expect(await orphans('v1')).toEqual({ images: [v1(image)], lookedAt: 'repository' });
    await open({ search: false });
    server.tag('team-a/app', 'v1', server.addImage());
    expect(await orphans('v1')).toMatchObject({ lookedAt: 'repository' });
  });

  it('cannot be told while a tag that stays cannot be followed', async () => {
    server.tag('team-a/app', 'v1', server.addImage());
    server.tag('team-a/app', 'stays', 'f'.repeat(64));
    expect(await orphans('v1')).toBeNull();
  });
});
