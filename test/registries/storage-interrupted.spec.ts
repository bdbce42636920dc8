import { describe, expect, it } from 'vitest';
import { parseTag } from '../../src/oci/names.js';
import { FilesystemStorage } from '../../src/storage/filesystem-storage.js';
import { revisionLink, tagLink, tags as tagsFolder, untaggingFolder } from '../../src/storage/layout.js';
import type { Move, MoveOutcome } from '../../src/storage/storage.js';
import { treeOf } from '../collections/temporary-tree.js';
import { codeOf, never } from './adapter.js';
import { APP, aStore, open, V1 } from './storage-world.js';

/** A storage that a test watches, and may end as kill -9 ends a process. */
class Watched extends FilesystemStorage {
  constructor(
    root: string,
    private readonly before: (change: string) => void,
    private readonly after: (change: string) => void = () => undefined,
  ) {
    super(root);
  }

  override moveFolder(move: Move): MoveOutcome {
    this.before('moveFolder');
    const outcome = super.moveFolder(move);
    this.after('moveFolder');
    return outcome;
  }

  override deleteMany(paths: readonly string[]): void {
    for (const path of paths) {
      this.before(`delete ${path}`);
      super.deleteMany([path]);
      this.after(`delete ${path}`);
    }
  }

  override removeEmptyFolders(paths: readonly string[]): void {
    for (const path of paths) {
      this.before(`remove ${path}`);
      super.removeEmptyFolders([path]);
    }
  }
}

class Killed extends Error {}

describe('a process that dies in the middle of a deletion', () => {
  const steps = Array.from({ length: 24 }, (_, step) => step);

  it.each(steps)('at step %i leaves no tag that dangles, and the next one ends its work', async (step) => {
    const { files, image, other } = aStore();
    let left = step;
    const dying = open(
      files.root,
      () =>
        new Watched(files.root, () => {
          if (left-- === 0) throw new Killed();
        }),
    );
    const outcome = await dying.deleteManifest(APP, image.digest, never()).catch((e: unknown) => e);
    expect(outcome === 'deleted' || outcome instanceof Killed).toBe(true);
    const next = open(files.root);
    for (const tag of await next.listTags(APP, never())) {
      const digest = (await next.resolve(APP, tag, never()))?.digest;
      // Whole, or not there: nothing that a registry would list and could not serve.
      expect(digest).toBeDefined();
      expect(digest && (await next.readManifest(APP, digest, never()))).not.toBeNull();
    }
    expect(['deleted', 'absent']).toContain(await next.deleteManifest(APP, image.digest, never()));
    expect(await next.listTags(APP, never())).toEqual(['other']);
    expect(await next.readManifest(APP, image.digest, never())).toBeNull();
    expect((await next.resolve(APP, parseTag('other'), never()))?.digest).toBe(other.digest);
    const remains = treeOf(files.root).filter((line) => line.includes('/untagging/') && line.includes('@'));
    expect(remains).toEqual([]);
  });
});

describe('a push in the middle of a deletion', () => {
  it('that moves the tag at the last moment gets it back (TRAPS 2)', async () => {
    const { files, image, other } = aStore();
    const registry = open(
      files.root,
      () =>
        new Watched(files.root, (change) => {
          if (change === 'moveFolder') files.tag('team/app', 'v1', other.digest);
        }),
    );
    expect(await registry.untag(APP, V1, image.digest, never())).toBe('moved');
    expect((await registry.resolve(APP, V1, never()))?.digest).toBe(other.digest);
  });

  it('that made the tag anew meanwhile wins', async () => {
    const { files, image, other } = aStore();
    let moves = 0;
    const registry = open(
      files.root,
      () =>
        new Watched(
          files.root,
          (change) => {
            if (change === 'moveFolder' && moves++ === 0) files.put(tagLink('team/app', 'v1'), '');
          },
          (change) => {
            if (change === 'moveFolder' && moves === 1) files.tag('team/app', 'v1', other.digest);
          },
        ),
    );
    expect(await registry.untag(APP, V1, image.digest, never())).toBe('moved');
    expect((await registry.resolve(APP, V1, never()))?.digest).toBe(other.digest);
    expect(files.has(untaggingFolder('team/app', 'v1', image.digest))).toBe(false);
  });

  it('that tags the manifest once its link is gone keeps it', async () => {
    const { files, image } = aStore();
    const link = revisionLink('team/app', image.digest);
    const registry = open(
      files.root,
      () =>
        new Watched(
          files.root,
          () => undefined,
          (change) => {
            if (change === `delete ${link}`) files.tag('team/app', 'v2', image.digest);
          },
        ),
    );
    expect(await codeOf(registry.deleteManifest(APP, image.digest, never()))).toBe('shared_digest');
    expect(await registry.readManifest(APP, parseTag('v2'), never())).not.toBeNull();
    expect(files.has(tagsFolder('team/app'))).toBe(true);
  });
});
