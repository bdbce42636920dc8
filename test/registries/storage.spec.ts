import * as fs from 'node:fs';
import { join } from 'node:path';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../../src/oci/digest.js';
import { parseRepositoryName, parseTag } from '../../src/oci/names.js';
import {
  blobData,
  repositoryFolder,
  revisionFolder,
  revisionLink,
  tagFolder,
  tagLink,
} from '../../src/storage/layout.js';
import { StoreFiles } from '../collections/store-files.js';
import { temporaryDirectory, treeOf } from '../collections/temporary-tree.js';
import { codeOf, never } from './adapter.js';
import { APP, aStore, goneFrom, ofRegistry, open, V1, wholeTag } from './storage-world.js';

describe('a change of the files', () => {
  it('untags by taking the tag’s folder, and nothing else of the whole tree (TRAPS 11)', async () => {
    const { files, image, registry } = aStore();
    const before = ofRegistry(files);
    expect(await registry.untag(APP, V1, image.digest, never())).toBe('untagged');
    expect(goneFrom(before, ofRegistry(files)).sort()).toEqual(wholeTag('team/app', 'v1', image.digest));
  });

  it('deletes a manifest by taking its tags’ folders and its link, and nothing else (TRAPS 11)', async () => {
    const { files, image, registry } = aStore();
    const before = ofRegistry(files);
    expect(await registry.deleteManifest(APP, image.digest, never())).toBe('deleted');
    const expected = [
      ...wholeTag('team/app', 'v1', image.digest),
      ...wholeTag('team/app', 'stable', image.digest),
      revisionLink('team/app', image.digest),
    ];
    expect(goneFrom(before, ofRegistry(files)).sort()).toEqual(expected.sort());
    expect(files.has(revisionFolder('team/app', image.digest))).toBe(true);
  });

  it('does nothing for a tag or a digest that is not there (TRAPS 12)', async () => {
    const { files, image, registry } = aStore();
    const before = ofRegistry(files);
    const lonely = files.image('lonely', { tags: ['only'] });
    const withLonely = ofRegistry(files);
    expect(withLonely.length).toBeGreaterThan(before.length);
    const repository = parseRepositoryName('lonely');
    expect(await registry.untag(repository, parseTag('onyl'), lonely.digest, never())).toBe('absent');
    expect(await registry.untag(APP, parseTag('v2'), image.digest, never())).toBe('absent');
    expect(await registry.untag(APP, V1, lonely.digest, never())).toBe('moved');
    expect(await registry.deleteManifest(APP, digestOf(Buffer.from('nothing')), never())).toBe('absent');
    expect(await registry.deleteManifest(parseRepositoryName('team/ap'), image.digest, never())).toBe(
      'absent',
    );
    expect(ofRegistry(files)).toEqual(withLonely);
  });

  it('puts back exactly what was there, byte for byte', async () => {
    const { files, image, registry } = aStore();
    const before = treeOf(files.root, { without: ['.sexton'] });
    const manifest = await registry.readManifest(APP, V1, never());
    if (!manifest) throw new Error('no manifest');
    await registry.deleteManifest(APP, image.digest, never());
    for (const reference of [image.digest, V1, parseTag('stable')]) {
      await registry.putManifest(APP, reference, manifest, never());
    }
    expect(treeOf(files.root, { without: ['.sexton'] })).toEqual(before);
  });

  it('puts no image back whose blobs are gone, nor what does not hash to its digest', async () => {
    const { files, image, registry } = aStore();
    const manifest = await registry.readManifest(APP, V1, never());
    if (!manifest) throw new Error('no manifest');
    await registry.deleteManifest(APP, image.digest, never());
    const before = ofRegistry(files);
    const wrong = { ...manifest, bytes: Buffer.from('{}') };
    expect(await codeOf(registry.putManifest(APP, image.digest, wrong, never()))).toBe('digest_mismatch');
    expect(ofRegistry(files)).toEqual(before);
    files.remove(blobData(image.layers[1] ?? image.config));
    const without = ofRegistry(files);
    expect(await codeOf(registry.putManifest(APP, V1, manifest, never()))).toBe('not_restorable');
    expect(ofRegistry(files)).toEqual(without);
  });

  it('of any repositories takes what it says and nothing else', async () => {
    const names = ['a', 'a/b', 'a/b/c', 'a-b', 'b'] as const;
    const one = fc.record({
      repository: fc.constantFrom(...names),
      tags: fc.uniqueArray(fc.constantFrom('v1', 'v2', 'current', 'index', 'link'), { maxLength: 3 }),
      layer: fc.constantFrom('x', 'y'),
    });
    const act = fc.record({
      repository: fc.constantFrom(...names),
      tag: fc.constantFrom('v1', 'v2', 'current', 'index', 'link'),
      whole: fc.boolean(),
    });
    await fc.assert(
      fc.asyncProperty(fc.array(one, { minLength: 1, maxLength: 6 }), act, async (images, asked) => {
        const files = new StoreFiles();
        for (const { repository, tags, layer } of images) files.image(repository, { tags, layers: [layer] });
        const registry = open(files.root);
        const repository = parseRepositoryName(asked.repository);
        const tag = parseTag(asked.tag);
        const digest = (await registry.resolve(repository, tag, never()))?.digest;
        const before = ofRegistry(files);
        if (digest === undefined) {
          const nothing = digestOf(Buffer.from('nothing'));
          await registry.untag(repository, tag, nothing, never());
          expect(ofRegistry(files)).toEqual(before);
          return;
        }
        const going = asked.whole
          ? files
              .tagsOf(repository)
              .filter(
                (name) => fs.readFileSync(join(files.root, tagLink(repository, name)), 'utf8') === digest,
              )
          : [tag];
        if (asked.whole) await registry.deleteManifest(repository, digest, never());
        else await registry.untag(repository, tag, digest, never());
        const allowed = going.map((name) => `${tagFolder(repository, name)}/`);
        const gone = goneFrom(before, ofRegistry(files));
        const link = revisionLink(repository, digest);
        expect(gone.filter((path) => path !== link && !allowed.some((at) => path.startsWith(at)))).toEqual(
          [],
        );
        for (const name of going) expect(files.has(tagFolder(repository, name))).toBe(false);
        expect(files.has(link)).toBe(!asked.whole);
      }),
      { numRuns: 40 },
    );
  });
});

describe('what cannot be decided is left alone, and named (TRAPS 22)', () => {
  it.each([
    ['an empty tag link', (files: StoreFiles) => files.put(tagLink('team/app', 'other'), ''), 'tags/other'],
    [
      'half a digest',
      (files: StoreFiles) => files.put(tagLink('team/app', 'other'), 'sha256:abc'),
      'tags/other',
    ],
    [
      'a link that leads out',
      (files: StoreFiles) => files.put(tagLink('team/app', 'other'), '../../../../etc/passwd'),
      'tags/other',
    ],
    [
      'a tag that is a symbolic link',
      (files: StoreFiles) => {
        const at = join(files.root, tagFolder('team/app', 'linked'));
        fs.symlinkSync(join(files.root, tagFolder('team', 'v1')), at);
      },
      'tags/linked',
    ],
  ])('%s stops the deletion of any manifest of the repository', async (_, damage, named) => {
    const { files, image, registry } = aStore();
    damage(files);
    const before = ofRegistry(files);
    const error: unknown = await registry.deleteManifest(APP, image.digest, never()).catch((e: unknown) => e);
    expect(error).toMatchObject({ code: 'storage_fault' });
    expect(String(error)).toContain(named);
    expect(ofRegistry(files)).toEqual(before);
    // Nobody else's repository is in doubt because of it.
    expect(await registry.listTags(parseRepositoryName('team'), never())).toHaveLength(2);
  });

  it.each([
    ['an empty revision link', ''],
    ['a revision link to another digest', digestOf(Buffer.from('another'))],
  ])('%s stops what is about that manifest', async (_, content) => {
    const { files, image, other, registry } = aStore();
    files.put(revisionLink('team/app', image.digest), content);
    const before = ofRegistry(files);
    for (const call of [
      () => registry.resolve(APP, V1, never()),
      () => registry.readManifest(APP, image.digest, never()),
      () => registry.deleteManifest(APP, image.digest, never()),
      () => registry.listUntagged(APP, never()),
    ]) {
      expect(await codeOf(call())).toBe('storage_fault');
    }
    expect(ofRegistry(files)).toEqual(before);
    expect((await registry.resolve(APP, parseTag('other'), never()))?.digest).toBe(other.digest);
  });

  it('bytes that do not hash to their name are no manifest, and no blob', async () => {
    const { files, image, registry } = aStore();
    files.put(blobData(image.digest), '{}');
    files.put(blobData(image.config), '{}');
    expect(await codeOf(registry.readManifest(APP, image.digest, never()))).toBe('digest_mismatch');
    expect(await registry.canPullBlob(APP, image.config, never())).toBe(false);
    expect(await registry.readBlob(APP, image.config, 1024, never())).toBeNull();
  });

  it('a symbolic link is never followed, out of the root or inside it', async () => {
    const { files, image, registry } = aStore();
    const outside = temporaryDirectory();
    fs.cpSync(join(files.root, repositoryFolder('team/app')), join(outside, 'app'), { recursive: true });
    fs.symlinkSync(join(outside, 'app'), join(files.root, repositoryFolder('linked')));
    fs.rmSync(join(files.root, tagFolder('team/app', 'v1')), { recursive: true });
    const victim = join(outside, 'app/_manifests/tags/v1');
    fs.symlinkSync(victim, join(files.root, tagFolder('team/app', 'v1')));
    const before = treeOf(outside);
    for (const repository of [parseRepositoryName('linked'), APP]) {
      for (const call of [
        () => registry.listTags(repository, never()),
        () => registry.resolve(repository, V1, never()),
        () => registry.untag(repository, V1, image.digest, never()),
        () => registry.deleteManifest(repository, image.digest, never()),
      ]) {
        expect(await codeOf(call())).toBe('storage_fault');
      }
    }
    expect(treeOf(outside)).toEqual(before);
    const { items } = await registry.listRepositories({ after: null, limit: 100 }, never());
    expect(items).toEqual(['team', 'team/app', 'team/app/v1', 'team/application']);
  });

  it('a volume that is not mounted is no registry without images', async () => {
    const empty = temporaryDirectory();
    for (const root of [empty, join(empty, 'not-there')]) {
      const registry = open(root);
      for (const call of [
        () => registry.probe(null, never()),
        () => registry.listTags(APP, never()),
        () => registry.resolve(APP, V1, never()),
        () => registry.listRepositories({ after: null, limit: 10 }, never()),
      ]) {
        expect(await codeOf(call())).toBe('storage_unavailable');
      }
    }
    expect(treeOf(empty)).toEqual([]);
  });
});

describe('what only the files tell', () => {
  it('manifests that no tag and no index leads to, and when they were pushed', async () => {
    const { files, image, registry } = aStore();
    const child = files.image('team/app', { layers: ['child'] });
    files.index('team/app', [child.digest], ['multi']);
    files.image('team/app', { layers: ['signature'], subject: image.digest });
    const orphan = files.image('team/app', { layers: ['orphan'] });
    const deleted = files.image('team/app', { layers: ['deleted'] });
    files.deleteThroughApi('team/app', deleted.digest);
    const untagged = await registry.listUntagged(APP, never());
    expect(untagged).toMatchObject([{ digest: orphan.digest, pushedAt: new Date(files.modifiedMs) }]);
    expect((await registry.pushTimes(APP, never())).get(V1)).toEqual(new Date(files.modifiedMs));
  });

  it('are none as long as a manifest cannot be read, which may lead to any of them', async () => {
    const { files, registry } = aStore();
    files.image('team/app', { layers: ['orphan'] });
    files.manifest('team/app', { schemaVersion: 2, mediaType: 'application/vnd.later.index+json' }, [
      'later',
    ]);
    expect(await codeOf(registry.listUntagged(APP, never()))).toBe('unreadable_manifest');
  });

  it('referrers, with or without their fallback tag (TRAPS 10)', async () => {
    const { files, image, registry } = aStore();
    const signature = files.image('team/app', { layers: ['signature'], subject: image.digest });
    const referrers = await registry.listReferrers(APP, image.digest, never());
    expect(referrers.map(({ digest }) => digest)).toEqual([signature.digest]);
  });

  it('a tag that dangles is named, and removed alone (TRAPS 14)', async () => {
    const { files, image, registry } = aStore();
    files.remove(revisionLink('team/app', image.digest));
    const before = ofRegistry(files);
    expect(await registry.readManifest(APP, V1, never())).toBeNull();
    expect((await registry.resolve(APP, V1, never()))?.digest).toBe(image.digest);
    expect(await registry.resolve(APP, image.digest, never())).toBeNull();
    expect(await registry.untag(APP, V1, image.digest, never())).toBe('untagged');
    expect(goneFrom(before, ofRegistry(files)).sort()).toEqual(wholeTag('team/app', 'v1', image.digest));
  });
});
