import { describe, expect, it } from 'vitest';
import { undo } from '../../src/collections/engine/undo.js';
import { executeStorageDeletion } from '../../src/collections/storage-deletion/execute.js';
import {
  DeletionRefused,
  pathsOf,
  planStorageDeletion,
  type StorageTarget,
} from '../../src/collections/storage-deletion/plan.js';
import { digestOf, type Digest } from '../../src/oci/digest.js';
import { FilesystemStorage } from '../../src/storage/filesystem-storage.js';
import * as layout from '../../src/storage/layout.js';
import { StorageFaultError } from '../../src/storage/storage.js';
import { toolsFor, toolsIn } from './collecting.js';
import { MemoryJournal } from './memory-journal.js';
import { StoreFiles, type StoredImage } from './store-files.js';
import { treeOf } from './temporary-tree.js';

const all = ({ digest, config, layers }: StoredImage): Digest[] => [digest, config, ...layers];
const APP = 'team/app';

/** `team/app` with two tagged images of a shared layer, a neighbour, and garbage that is nobody's business here. */
const aStore = () => {
  const files = new StoreFiles();
  const v1 = files.image(APP, { tags: ['v1'], layers: ['base', 'one'] });
  const v2 = files.image(APP, { tags: ['v2'], layers: ['base', 'two'] });
  files.image('other', { tags: ['v1'], layers: ['other'] });
  const stray = files.blob('garbage of long ago');
  return { files, v1, v2, stray };
};

const plan = (files: StoreFiles, target: StorageTarget) =>
  planStorageDeletion(toolsIn(files.root), target, 0);
const ofTag = (files: StoreFiles, tag: string) => plan(files, { kind: 'tag', repository: APP, tag });
const ofManifest = (files: StoreFiles, digest: Digest) =>
  plan(files, { kind: 'manifest', repository: APP, digest });

const blobsIn = ({ blobs, garbage }: Awaited<ReturnType<typeof plan>>): string[] =>
  blobs.map(({ index }) => garbage.marking.graph.digest(index)).sort();
const own = ({ digest, config, layers: [, layer] }: StoredImage): string[] =>
  [digest, config, layer ?? ''].sort();

describe('a deletion from the files', () => {
  it('of a tag takes its manifest and what that alone held, no other garbage', async () => {
    const { files, v1, stray } = aStore();
    const found = await ofTag(files, 'v1');
    expect(blobsIn(found)).toEqual(own(v1));
    expect(blobsIn(found)).not.toContain(stray);
    expect(found.folders).toContain(layout.tagFolder(APP, 'v1'));
    expect(pathsOf(found, false).filter((path) => path.startsWith(layout.BLOBS))).toEqual([]);
  });

  it('of a tag leaves what an image without a tag needs as well', async () => {
    const { files, v1 } = aStore();
    files.image(APP, { layers: ['one'] });
    const one = digestOf(Buffer.from('one'));
    expect(blobsIn(await ofTag(files, 'v1'))).toEqual(own(v1).filter((digest) => digest !== one));
  });

  it('is in the journal before anything moves, links before blobs; undo brings back all of it', async () => {
    for (const withBlobs of [true, false]) {
      const { files, v1 } = aStore();
      const before = treeOf(files.root);
      const storage = new FilesystemStorage(files.root);
      const journal = new MemoryJournal();
      const deletion = await planStorageDeletion(
        toolsFor(storage),
        { kind: 'tag', repository: APP, tag: 'v1' },
        0,
      );
      const moveMany = storage.moveMany.bind(storage);
      const moved: string[] = [];
      storage.moveMany = (moves) => {
        const known = [...journal.entries.values()].flatMap((entry) => entry.files);
        for (const { from } of moves) expect(known).toContain(from);
        moved.push(...moves.map(({ from }) => from));
        return moveMany(moves);
      };
      await executeStorageDeletion(storage, journal, deletion, { run: 'run-1', nowMs: 1, withBlobs });
      expect([...moved].sort()).toEqual(pathsOf(deletion, withBlobs).sort());
      expect(files.hasBlob(v1.digest)).toBe(!withBlobs);
      const blob = moved.indexOf(layout.blobData(v1.digest));
      if (withBlobs) expect(blob).toBeGreaterThan(moved.indexOf(layout.revisionLink(APP, v1.digest)));
      storage.moveMany = moveMany;
      await undo(storage, journal, 'run-1');
      expect(treeOf(files.root, { without: [layout.OWN] })).toEqual(before);
    }
  });

  it('of a tag leaves the manifest where another tag points at it, or an index holds it', async () => {
    const { files, v1, v2 } = aStore();
    files.tag(APP, 'stable', v1.digest);
    files.index(APP, [v2.digest], ['multi']);
    for (const [tag, { digest }] of [
      ['v1', v1],
      ['v2', v2],
    ] as const) {
      const found = await ofTag(files, tag);
      expect(found.folders).not.toContain(layout.revisionFolder(APP, digest));
      expect(found.folders).toContain(layout.tagFolder(APP, tag));
      expect([blobsIn(found), found.staying.length]).toEqual([[], 1]);
      await expect(ofManifest(files, digest)).rejects.toThrow(DeletionRefused);
    }
  });

  it('takes the children and the referrers of what goes, and those of nothing else', async () => {
    const { files, v1, v2 } = aStore();
    const child = files.image(APP, { layers: ['child'] });
    files.index(APP, [child.digest, v1.digest], ['multi']);
    const signature = files.image(APP, { layers: ['signature'], subject: v1.digest });
    const ofAnother = files.image(APP, { layers: ['of another'], subject: v2.digest });
    const multi = await ofTag(files, 'multi');
    expect(multi.folders).toContain(layout.revisionFolder(APP, child.digest));
    expect(multi.folders).not.toContain(layout.revisionFolder(APP, v1.digest));
    const v2Goes = await ofTag(files, 'v2');
    expect(v2Goes.folders).toContain(layout.revisionFolder(APP, ofAnother.digest));
    for (const { digest } of [signature, child, v1]) {
      expect(v2Goes.folders).not.toContain(layout.revisionFolder(APP, digest));
    }
  });

  it('takes no manifest and no blob while not all of the repository can be read', async () => {
    const { files, v1, v2 } = aStore();
    files.put(layout.tagLink(APP, 'odd'), '');
    const found = await ofTag(files, 'v1');
    expect([blobsIn(found), found.folders.includes(layout.revisionFolder(APP, v1.digest))]).toEqual([
      [],
      false,
    ]);
    await expect(ofManifest(files, v2.digest)).rejects.toThrow('not all of the repository can be read');
    files.remove(layout.tagFolder(APP, 'odd'));
    files.put(layout.blobData(v2.digest), '{}');
    expect(blobsIn(await ofTag(files, 'v1'))).toEqual([]);
  });

  it('is refused for what is not there, and where a folder that would go cannot be listed (TRAPS 12)', async () => {
    const { files, v1 } = aStore();
    const absent = digestOf(Buffer.from('absent'));
    await expect(ofTag(files, 'v3')).rejects.toThrow(DeletionRefused);
    await expect(ofManifest(files, absent)).rejects.toThrow(DeletionRefused);
    await expect(plan(files, { kind: 'repository', repository: 'team' })).rejects.toThrow(DeletionRefused);
    const storage = new FilesystemStorage(files.root);
    const list = storage.list.bind(storage);
    storage.list = (prefix) => {
      if (prefix === layout.revisionFolder(APP, v1.digest)) throw new StorageFaultError(prefix, 'EIO');
      return list(prefix);
    };
    const target = { kind: 'tag', repository: APP, tag: 'v1' } as const;
    await expect(planStorageDeletion(toolsFor(storage), target, 0)).rejects.toThrow(DeletionRefused);
  });

  it('of a whole repository takes what it alone held, and no blob while another place is in doubt', async () => {
    const { files, v1, v2 } = aStore();
    files.image('team/app/nested', { tags: ['v1'], layers: ['nested', 'two'] });
    const target = { kind: 'repository', repository: APP } as const;
    const found = await plan(files, target);
    const base = digestOf(Buffer.from('base'));
    const two = digestOf(Buffer.from('two'));
    expect(blobsIn(found)).toEqual(
      [...new Set([...all(v1), ...all(v2)])].filter((each) => each !== two).sort(),
    );
    expect(blobsIn(found)).toContain(base);
    expect(found.folders.filter((path) => path.includes('nested'))).toEqual([]);
    const storage = new FilesystemStorage(files.root);
    const list = storage.list.bind(storage);
    storage.list = (prefix) => {
      if (prefix === layout.layers('other')) throw new StorageFaultError(prefix, 'EIO');
      return list(prefix);
    };
    const doubtful = await planStorageDeletion(toolsFor(storage), target, 0);
    expect([doubtful.garbage.blocked === null, blobsIn(doubtful)]).toEqual([false, []]);
  });
});
