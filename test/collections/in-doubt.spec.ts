import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { ReferenceMemory } from '../../src/collections/engine/reference-cache.js';
import { survey } from '../../src/collections/engine/survey.js';
import * as layout from '../../src/storage/layout.js';
import { digestOf, type Digest } from '../../src/oci/digest.js';
import { FileJournal } from '../../src/collections/engine/file-journal.js';
import { COLLECT_UNTAGGED, KEEP, collectIn, digestsOf, surveyIn, toolsFor, toolsIn } from './collecting.js';
import { FilesystemStorage } from '../../src/storage/filesystem-storage.js';
import { StorageFaultError } from '../../src/storage/storage.js';
import { StoreFiles, type StoredImage } from './store-files.js';
import { temporaryDirectory } from './temporary-tree.js';

const all = ({ digest, config, layers }: StoredImage): Digest[] => [digest, config, ...layers];

/** A repository in order, with an image that may go, and `odd/app`, with one that may go unless something is in doubt. */
const aStore = () => {
  const files = new StoreFiles();
  files.image('team/app', { tags: ['v1'], layers: ['one'] });
  const garbage = files.image('team/app', { layers: ['two'] });
  files.deleteThroughApi('team/app', garbage.digest);
  const living = files.image('odd/app', { tags: ['v1'], layers: ['three'] });
  const dead = files.image('odd/app', { layers: ['four'] });
  files.deleteThroughApi('odd/app', dead.digest);
  return { files, living, dead, garbage: all(garbage).sort() };
};

/** What cannot be looked at: a link is never followed. */
const makeUnreadable = (files: StoreFiles, path: string): void => {
  fs.rmSync(join(files.root, path), { recursive: true, force: true });
  fs.mkdirSync(join(files.root, path, '..'), { recursive: true });
  fs.symlinkSync('nowhere', join(files.root, path));
};

describe('a repository of which something cannot be read loses nothing', () => {
  it('where a child of one of its indexes is not there', async () => {
    const { files, garbage } = aStore();
    const child = files.image('odd/app', { layers: ['five'] });
    files.index('odd/app', [child.digest], ['multi']);
    files.deleteThroughApi('odd/app', child.digest);
    files.remove(layout.blobFolder(child.digest));
    const found = await surveyIn(files.root);
    expect(digestsOf(found)).toEqual(garbage);
    expect(found.faults.map(({ path }) => path)).toContain(layout.blobData(child.digest));
  });

  it('where a subject is there, and damaged or not to be read', async () => {
    const { files, garbage } = aStore();
    const subject = files.image('odd/app', { layers: ['five'] });
    files.image('odd/app', { tags: ['signature'], layers: ['six'], subject: subject.digest });
    files.deleteThroughApi('odd/app', subject.digest);
    const path = layout.blobData(subject.digest);
    for (const harm of [() => files.put(path, '{}'), () => makeUnreadable(files, path)]) {
      harm();
      const found = await surveyIn(files.root);
      expect(digestsOf(found)).toEqual(garbage);
      expect(found.faults.map((fault) => fault.path)).toContain(path);
    }
  });

  it('where the signatures of one of its schema1 images cannot be listed', async () => {
    const { files, living, garbage } = aStore();
    const fsLayers = living.layers.map((blobSum) => ({ blobSum }));
    const digest = files.manifest('odd/app', { schemaVersion: 1, name: 'odd/app', fsLayers }, ['old']);
    makeUnreadable(files, `${layout.revisionSignatures('odd/app', digest)}/sha256`);
    expect(digestsOf(await surveyIn(files.root))).toEqual(garbage);
  });

  it.each([
    ['a file where a manifest’s folder belongs', `${layout.revisions('odd/app')}/sha256/stray`],
    ['a manifest of another algorithm', `${layout.revisions('odd/app')}/md5/00/link`],
  ])('where it has %s', async (_, path) => {
    const { files, garbage } = aStore();
    files.put(path, 'x');
    expect(digestsOf(await surveyIn(files.root))).toEqual(garbage);
  });

  it('where the link that says under which digest a wanted blob is stored cannot be read, or says nothing', async () => {
    const { files, garbage } = aStore();
    files.layer('odd/app', 'stored once');
    const asked = digestOf(Buffer.from('stored once'), 'sha512');
    const link = layout.layerLink('odd/app', asked);
    files.manifest('odd/app', { schemaVersion: 2, layers: [{ digest: asked, size: 1 }] }, ['v2']);
    files.put(link, 'nothing');
    expect(digestsOf(await surveyIn(files.root))).toEqual(garbage);
    makeUnreadable(files, link);
    expect(digestsOf(await surveyIn(files.root))).toEqual(garbage);
  });

  it('that one of its layer links names under another digest', async () => {
    const { files, garbage } = aStore();
    const stored = files.blob('stored once');
    files.put(layout.layerLink('odd/app', digestOf(Buffer.from('stored once'), 'sha512')), stored);
    expect(digestsOf(await surveyIn(files.root))).toContain(stored);
    files.put(layout.tagLink('odd/app', 'v2'), '');
    const found = digestsOf(await surveyIn(files.root));
    expect(found).toEqual(garbage);
  });

  it('that the lost link could have named: an index of what lives, what mentions nothing, what was deleted there, and all that these mention', async () => {
    const { files, living, garbage } = aStore();
    const index = (...digests: Digest[]): string =>
      JSON.stringify({ manifests: digests.map((digest) => ({ digest, size: 1 })) });
    const deep = files.blob('what only a deleted manifest mentions');
    const deleted = files.manifest('odd/app', { layers: [{ digest: deep, size: 1 }] });
    files.deleteThroughApi('odd/app', deleted);
    const inner = files.blob(index(living.digest));
    const outer = files.blob(index(inner, digestOf(Buffer.from('absent'))));
    const mentioned = files.blob('what only an index mentions');
    const beside = files.blob(index(outer, mentioned));
    const bare = files.blob('{"manifests":[]}');
    const others = [deep, deleted, inner, outer, mentioned, beside, bare];
    expect(digestsOf(await surveyIn(files.root))).toEqual(expect.arrayContaining([...garbage, ...others]));
    files.put(layout.revisionLink('odd/app', digestOf(Buffer.from('lost'))), '');
    const { blobs, marking, kept } = await surveyIn(files.root);
    const going = [...blobs].map((blob) => marking.graph.digest(blob.index));
    expect(going.sort()).toEqual(garbage);
    expect(kept.count).toBe(others.length + garbage.length);
  });

  it('that could have been a manifest, and is damaged or cannot be read', async () => {
    const { files, garbage } = aStore();
    const [damaged, unreadable] = [files.blob('{"layers":[]}'), files.blob('{"layers":null}')];
    files.put(layout.blobData(damaged), 'no manifest any more');
    files.put(layout.revisionLink('odd/app', digestOf(Buffer.from('lost'))), '');
    const storage = new FilesystemStorage(files.root);
    const read = storage.read.bind(storage);
    storage.read = (path, most) => {
      if (path === layout.blobData(unreadable)) throw new StorageFaultError(path, 'EIO');
      return read(path, most);
    };
    expect(digestsOf(await survey(toolsFor(storage), KEEP))).toEqual(garbage);
  });

  it('not even links to untagged manifests', async () => {
    const { files, living } = aStore();
    files.image('odd/app', { layers: ['five'] });
    const names = async () => {
      const { marking } = await surveyIn(files.root, COLLECT_UNTAGGED);
      return marking.untagged.map(({ repository }) => marking.names[repository]);
    };
    expect(await names()).toEqual(['odd/app']);
    files.put(layout.blobData(living.digest), '{}');
    expect(await names()).toEqual([]);
  });
});

describe('a place that cannot be listed is not an empty one', () => {
  const surveyWithout = (files: StoreFiles, place: string) => {
    const storage = new FilesystemStorage(files.root);
    const list = storage.list.bind(storage);
    storage.list = (prefix) => {
      if (prefix === place) throw new StorageFaultError(prefix, 'EIO');
      return list(prefix);
    };
    return survey(toolsFor(storage), KEEP);
  };

  it.each([layout.revisions('odd/app'), `${layout.revisions('odd/app')}/sha256`, layout.tags('odd/app')])(
    '%s: its repository loses nothing',
    async (place) => {
      const { files, garbage } = aStore();
      const found = await surveyWithout(files, place);
      expect(found.faults.map(({ path }) => path)).toContain(place);
      expect(digestsOf(found)).toEqual(garbage);
    },
  );

  it.each([
    layout.REPOSITORIES,
    layout.repositoryFolder('odd'),
    layout.repositoryFolder('odd/app'),
    layout.layers('odd/app'),
    `${layout.layers('odd/app')}/sha256`,
  ])('%s: nothing at all goes', async (place) => {
    const found = await surveyWithout(aStore().files, place);
    expect(found.blocked).toContain(place);
    expect(digestsOf(found)).toEqual([]);
  });
});

it('a revision’s link that names another manifest than its folder keeps both', async () => {
  const { files, garbage } = aStore();
  const [served, named] = ['served', 'named'].map((layer) => files.image('odd/app', { layers: [layer] }));
  if (!served || !named) throw new Error('no images');
  files.deleteThroughApi('odd/app', served.digest);
  files.put(layout.revisionLink('odd/app', named.digest), served.digest);
  const going = digestsOf(await surveyIn(files.root));
  expect(going).toEqual(expect.arrayContaining(garbage));
  for (const digest of [...all(served), ...all(named)]) expect(going).not.toContain(digest);
});

describe('nothing at all may go', () => {
  it('where a repository’s layers cannot be listed: a push of any blob may be under way', async () => {
    const { files } = aStore();
    makeUnreadable(files, `${layout.layers('odd/app')}/sha512`);
    const found = await surveyIn(files.root);
    expect(found.blocked).toContain('odd/app/_layers/sha512');
    expect(digestsOf(found)).toEqual([]);
  });

  it('where nothing bounds what could not be read', async () => {
    const { files } = aStore();
    files.put(layout.revisionLink('lost/app', digestOf(Buffer.from('lost'))), '');
    const found = await surveyIn(files.root);
    expect(found.blocked).toContain('lost/app/_layers is missing');
    expect(digestsOf(found)).toEqual([]);
  });

  it('no link to an untagged manifest either', async () => {
    const { files } = aStore();
    files.image('team/app', { layers: ['loose'] });
    makeUnreadable(files, layout.repositoryFolder('linked'));
    const { first, blobs, revisions } = await collectIn(files.root, COLLECT_UNTAGGED);
    expect(first.garbage.marking.untagged).toHaveLength(1);
    expect([blobs, revisions]).toEqual([0, 0]);
    expect(await new FileJournal(files.root).list(['quarantined', 'restored'])).toEqual([]);
  });
});

it('a blob whose age, or that of a link to it, cannot be told is taken for young', async () => {
  const { files, dead, garbage } = aStore();
  makeUnreadable(files, layout.blobData(dead.digest));
  makeUnreadable(files, layout.layerLink('odd/app', dead.config));
  const found = await surveyIn(files.root);
  expect(digestsOf(found)).toEqual([...garbage, ...dead.layers].sort());
  expect(found.young.count).toBe(2);
});

it('an untagged manifest that was pushed again lately is young, and so is all that it needs', async () => {
  const { files, garbage, dead } = aStore();
  const { digest } = files.image('team/app', { layers: ['loose'] });
  files.modifiedMs = Date.now() - KEEP.graceMs / 2;
  files.put(layout.revisionLink('team/app', digest), digest);
  const expected = [...garbage, ...all(dead)].sort();
  expect(digestsOf(await surveyIn(files.root, COLLECT_UNTAGGED))).toEqual(expected);
  // However short a time is asked for, it is never less than the grace period.
  expect(digestsOf(await surveyIn(files.root, { ...KEEP, untaggedMinAgeMs: 0 }))).toEqual(expected);
});

it.each(['in memory', 'in a file'])(
  'what a damaged manifest said is not remembered %s: mended, it says what it needs',
  async (where) => {
    const { files, living, dead, garbage } = aStore();
    const path = join(files.root, layout.blobData(living.digest));
    const whole = fs.readFileSync(path);
    fs.writeFileSync(path, '{"layers":[]}');
    const cache = where === 'in a file' ? join(temporaryDirectory(), 'references') : null;
    const memory = new ReferenceMemory(cache);
    const tools = { ...toolsIn(files.root), memory };
    expect(digestsOf(await survey(tools, KEEP))).toEqual(garbage);
    await memory.keep();
    fs.writeFileSync(path, whole);
    const again = cache === null ? tools : { ...tools, memory: new ReferenceMemory(cache) };
    expect(digestsOf(await survey(again, KEEP))).toEqual([...garbage, ...all(dead)].sort());
  },
);
