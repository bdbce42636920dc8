import { describe, expect, it } from 'vitest';
import { parseDigest } from '../../src/oci/digest.js';
import { parseRepositoryName } from '../../src/oci/names.js';
import { pushImage, pushIndex } from '../../tools/images.js';
import {
  ABSENT,
  at,
  errorOf,
  harbor,
  missing,
  push,
  registry,
  repository,
  signal,
  stable,
  v1,
  useHarbor,
} from './harbor-world.js';

useHarbor();

describe('deleting in a Harbor', () => {
  it('untags natively, as a tag and never as an artifact: manifest and sibling stay (TRAPS 1, 18)', async () => {
    const digest = await push({ tags: ['v1', 'stable'] });
    expect(await registry.untag(repository, v1, digest, signal)).toBe('untagged');
    expect(await registry.resolve(repository, v1, signal)).toBeNull();
    expect((await registry.resolve(repository, stable, signal))?.digest).toBe(digest);
  });

  it('keeps the manifest when its last tag goes', async () => {
    const digest = await push({ tags: ['v1'] });
    expect(await registry.untag(repository, v1, digest, signal)).toBe('untagged');
    expect((await registry.resolve(repository, digest, signal))?.digest).toBe(digest);
  });

  it('leaves a tag alone that moved, also in the last moment (TRAPS 2)', async () => {
    const old = await push({ tags: ['v1', 'stable'] });
    const now = await push({ tags: ['v1'], content: 'a newer image' });
    expect(await registry.untag(repository, v1, old, signal)).toBe('moved');
    expect((await registry.resolve(repository, v1, signal))?.digest).toBe(now);
    harbor.interfere(async ({ method }) => {
      harbor.interfere(() => null);
      if (method === 'DELETE') await push({ tags: ['stable'], content: 'a newer image' });
      return null;
    });
    expect(await registry.untag(repository, stable, old, signal)).toBe('moved');
    expect((await registry.resolve(repository, stable, signal))?.digest).toBe(now);
  });

  it('says absent for a tag that is not there', async () => {
    const digest = await push({ tags: ['v1'] });
    expect(await registry.untag(repository, missing, digest, signal)).toBe('absent');
    expect((await registry.resolve(repository, v1, signal))?.digest).toBe(digest);
  });

  it('deletes a manifest with every tag on it, and nothing of another digest', async () => {
    const digest = await push({ tags: ['v1', 'stable'] });
    const other = await push({ tags: ['other'], content: 'another image' });
    expect(await registry.deleteManifest(repository, digest, signal)).toBe('deleted');
    expect(await registry.listTags(repository, signal)).toEqual(['other']);
    expect(await registry.resolve(repository, digest, signal)).toBeNull();
    expect((await registry.resolve(repository, other, signal))?.digest).toBe(other);
  });

  it('says absent for a manifest that is not there', async () => {
    const digest = await push({ tags: ['v1'] });
    expect(await registry.deleteManifest(repository, ABSENT, signal)).toBe('absent');
    expect(await registry.deleteManifest(repository, digest, signal)).toBe('deleted');
    expect(await registry.deleteManifest(repository, digest, signal)).toBe('absent');
  });

  it('stays in its repository: a nested one with the same digest keeps it (TRAPS 11)', async () => {
    const digest = await push({ tags: ['v1'] });
    const nested = parseRepositoryName(`${repository}/nested`);
    await pushImage(at(nested), { tags: ['v1'] });
    await registry.deleteManifest(repository, digest, signal);
    expect((await registry.resolve(nested, v1, signal))?.digest).toBe(digest);
  });

  it('puts a deleted manifest back, byte for byte, and pulls its blobs', async () => {
    const digest = await push({ tags: ['v1'] });
    const manifest = await registry.readManifest(repository, digest, signal);
    if (manifest?.content.kind !== 'image') throw new Error('it is an image');
    await registry.deleteManifest(repository, digest, signal);
    await registry.putManifest(repository, digest, manifest, signal);
    await registry.putManifest(repository, v1, manifest, signal);
    expect(await registry.readManifest(repository, v1, signal)).toEqual(manifest);
    for (const blob of manifest.content.blobs) {
      expect(await registry.canPullBlob(repository, blob.digest, signal)).toBe(true);
    }
    expect(await registry.canPullBlob(repository, ABSENT, signal)).toBe(false);
  });
});

describe('what Harbor refuses', () => {
  it('an immutable tag stays, with its manifest (TRAPS 18)', async () => {
    const digest = await push({ tags: ['v1', 'stable'] });
    const project = harbor.store.projects.get('team');
    if (project) project.immutable = /^stable$/;
    const untag = await errorOf(registry.untag(repository, stable, digest, signal));
    const remove = await errorOf(registry.deleteManifest(repository, digest, signal));
    expect([untag.code, remove.code]).toEqual(['immutable_tag', 'immutable_tag']);
    expect(untag.canRetry).toBe(false);
    expect([...(await registry.listTags(repository, signal))].sort()).toEqual(['stable', 'v1']);
  });

  it('an immutable tag cannot be pushed over', async () => {
    await push({ tags: ['v1'] });
    const other = await pushImage(at(), { content: 'another image' });
    const project = harbor.store.projects.get('team');
    if (project) project.immutable = /^v/;
    const error = await errorOf(registry.putManifest(repository, v1, other, signal));
    expect(error.code).toBe('immutable_tag');
  });

  it('a child of an index stays (TRAPS 8)', async () => {
    const child = await pushImage(at(), { tags: ['v1'] });
    await pushIndex(at(), [child], { tags: ['stable'] });
    const error = await errorOf(registry.deleteManifest(repository, parseDigest(child.digest), signal));
    expect(error.code).toBe('still_referenced');
    expect((await registry.resolve(repository, v1, signal))?.digest).toBe(child.digest);
  });

  it('a child that has a tag stays when its index goes, immutable or not', async () => {
    const child = await pushImage(at(), { tags: ['stable'] });
    const other = await pushImage(at(), { content: 'an untagged child' });
    const index = await pushIndex(at(), [child, other], { tags: ['v1'] });
    const project = harbor.store.projects.get('team');
    if (project) project.immutable = /^stable$/;
    expect(await registry.deleteManifest(repository, parseDigest(index.digest), signal)).toBe('deleted');
    expect([...(harbor.store.repositories.get(repository)?.artifacts.keys() ?? [])]).toEqual([child.digest]);
  });

  it('an image whose pull a policy blocks can be resolved, and is not read', async () => {
    const digest = await push({ tags: ['v1'] });
    const project = harbor.store.projects.get('team');
    if (project) project.blocksPulls = true;
    expect((await registry.resolve(repository, v1, signal))?.digest).toBe(digest);
    expect((await errorOf(registry.readManifest(repository, v1, signal))).code).toBe('pull_blocked');
  });

  it('everything, while it is read-only: worth trying again', async () => {
    const digest = await push({ tags: ['v1'] });
    harbor.setReadOnly(true);
    expect((await registry.probe(null, signal)).deletion).toBe('read_only');
    const error = await errorOf(registry.deleteManifest(repository, digest, signal));
    expect(error).toMatchObject({ code: 'registry_read_only', canRetry: true });
  });
});
