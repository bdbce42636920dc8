import * as fs from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { absentOrFault } from '../../src/storage/file-faults.js';
import { FilesystemStorage } from '../../src/storage/filesystem-storage.js';
import { PacedStorage } from '../../src/storage/paced-storage.js';
import { readMany, StorageFaultError } from '../../src/storage/storage.js';
import { MemoryStorage } from '../collections/memory-storage.js';
import { describeStorage } from './storage.behaviour.js';
import { putFile, temporaryDirectory, treeOf } from '../collections/temporary-tree.js';

describeStorage('a file system', () => {
  const root = temporaryDirectory();
  return { storage: new FilesystemStorage(root), put: (path, content) => putFile(root, path, content) };
});

describeStorage('a store of keys without folders', () => {
  const storage = new MemoryStorage();
  return { storage, put: (path, content) => storage.put(path, content) };
});

describeStorage('a storage at a pace', () => {
  const storage = new MemoryStorage();
  return {
    storage: new PacedStorage(storage, 1_000_000),
    put: (path, content) => storage.put(path, content),
  };
});

describe('a pace', () => {
  /** A clock that only sleeping moves on. */
  const paced = (perSecond: number) => {
    const inner = new MemoryStorage();
    let nowMs = 0;
    const clock = {
      nowMs: () => nowMs,
      sleep: async (ms: number) => {
        nowMs += ms;
      },
    };
    return { inner, storage: new PacedStorage(inner, perSecond, clock), elapsedMs: () => nowMs };
  };

  it('lets no more through in any time than it says, however it is asked', async () => {
    const { inner, storage, elapsedMs } = paced(100);
    const paths = Array.from({ length: 50 }, (_, i) => `a/${i}`);
    for (const path of paths) inner.put(path, 'x');
    expect((await readMany(storage, paths, 10)).length).toBe(50);
    for (const path of paths) await storage.stat(path);
    await storage.moveMany(paths.map((from) => ({ from, to: `b${from}` })));
    await storage.deleteMany(paths.map((path) => `b${path}`));
    // 200 operations at 100 a second, less what may be done at once.
    expect(elapsedMs()).toBeGreaterThanOrEqual(1_980);
    expect(elapsedMs()).toBeLessThan(2_020);
  });

  it('hands out each answer with its number, however few are asked for at a time', async () => {
    const { inner, storage } = paced(1000);
    const paths = Array.from({ length: 25 }, (_, i) => `a/${i}`);
    for (const [i, path] of paths.entries()) inner.put(path, 'x'.repeat(i));
    const sizes: (number | null)[] = [];
    await storage.statEach(paths, (facts, i) => {
      sizes[i] = facts && 'sizeBytes' in facts ? facts.sizeBytes : null;
    });
    const lengths: (number | null)[] = [];
    await storage.readEach(paths, 100, (reading, i) => {
      lengths[i] = reading instanceof Uint8Array ? reading.length : null;
    });
    expect([sizes, lengths]).toEqual([paths.map((_, i) => i), paths.map((_, i) => i)]);
  });

  it('saves nothing up while nothing is asked', async () => {
    const { storage, elapsedMs } = paced(100);
    await storage.stat('a');
    for (let i = 0; i < 100; i++) await storage.list('a');
    expect(elapsedMs()).toBeGreaterThan(950);
  });
});

describe('a file system', () => {
  const withLinks = (): { root: string; outside: string; storage: FilesystemStorage } => {
    const outside = temporaryDirectory();
    putFile(outside, 'victim/link', 'precious');
    putFile(outside, 'victim/empty/x', '');
    fs.rmSync(join(outside, 'victim/empty/x'));
    const root = temporaryDirectory();
    putFile(root, 'a/b/link', 'ours');
    fs.symlinkSync(join(outside, 'victim'), join(root, 'a/out'));
    fs.symlinkSync(join(outside, 'victim/link'), join(root, 'a/b/file-out'));
    fs.symlinkSync('b', join(root, 'a/inside'));
    return { root, outside, storage: new FilesystemStorage(root) };
  };

  it('shows links as odd, and follows none, neither out of the root nor inside it', async () => {
    const { storage, outside } = withLinks();
    const before = treeOf(outside);
    expect(storage.list('a')).toEqual({
      folders: ['b'],
      files: [],
      odd: expect.arrayContaining(['out', 'inside']) as string[],
    });
    for (const call of [
      () => storage.list('a/out'),
      () => storage.list('a/inside'),
      () => storage.read('a/out/link', 100),
      () => storage.read('a/inside/link', 100),
      () => storage.read('a/b/file-out', 100),
      () => storage.stat('a/out/link'),
      () => storage.stat('a/b/file-out'),
      () => storage.moveMany([{ from: 'a/out/link', to: 'stolen' }]),
      () => storage.moveMany([{ from: 'a/b/link', to: 'a/out/planted' }]),
      () => storage.moveFolder({ from: 'a/out', to: 'stolen' }),
      () => storage.moveFolder({ from: 'a/out/empty', to: 'stolen' }),
      () => storage.moveFolder({ from: 'a/b', to: 'a/out/planted' }),
      () => storage.write('a/out/planted', Buffer.from('x')),
      () => storage.write('a/b/file-out', Buffer.from('x')),
      () => storage.deleteMany(['a/out/link']),
      () => storage.removeEmptyFolders(['a/out/empty']),
      () => storage.createFolder('a/out/new'),
    ]) {
      expect(call).toThrow(StorageFaultError);
    }
    await expect(storage.hash('a/out/link', 'sha256')).rejects.toThrow(StorageFaultError);
    await expect(storage.hash('a/b/file-out', 'sha256')).rejects.toThrow(StorageFaultError);
    expect(treeOf(outside)).toEqual(before);
  });

  it('does not trust a folder for changes because it was listed before', () => {
    const { root, outside, storage } = withLinks();
    putFile(root, 'c/d/link', 'ours');
    storage.list('c');
    fs.rmSync(join(root, 'c/d'), { recursive: true });
    fs.symlinkSync(join(outside, 'victim'), join(root, 'c/d'));
    expect(() => storage.deleteMany(['c/d/link'])).toThrow(StorageFaultError);
    expect(() => storage.moveMany([{ from: 'c/d/link', to: 'stolen' }])).toThrow(StorageFaultError);
  });

  it('does not trust a folder for changes because a file in it was read before', () => {
    const { root, outside, storage } = withLinks();
    putFile(root, 'c/d/link', 'ours');
    storage.read('c/d/link', 100);
    fs.rmSync(join(root, 'c/d'), { recursive: true });
    fs.symlinkSync(join(outside, 'victim'), join(root, 'c/d'));
    expect(() => storage.deleteMany(['c/d/link'])).toThrow(StorageFaultError);
    expect(() => storage.moveMany([{ from: 'c/d/link', to: 'stolen' }])).toThrow(StorageFaultError);
  });

  it('looks at what lies deeper than in the folder listed last, and at paths that lead out of it', () => {
    const { root, outside, storage } = withLinks();
    putFile(root, 'c/d/e/link', 'ours');
    fs.symlinkSync(join(outside, 'victim'), join(root, 'c/d/out'));
    storage.list('c');
    const read = (path: string) => Buffer.from(storage.read(path, 100) ?? []).toString();
    expect(read('c/d/e/link')).toBe('ours');
    for (const path of [
      'c/d/out/link',
      'c/../a/out/link',
      'c/../link',
      'c/../../link',
      'c/d/../../a/out/link',
      'c/./d/e/link',
      'c//d/e/link',
      'c/d/',
    ]) {
      expect(() => storage.read(path, 100), path).toThrow(StorageFaultError);
      expect(() => storage.stat(path), path).toThrow(StorageFaultError);
    }
    expect(() => storage.read('c/d/e\0/link', 100)).toThrow(StorageFaultError);
    expect(storage.read('c/d/none/link', 100)).toBeNull();
    expect(storage.read('c/none/link', 100)).toBeNull();
  });

  it('takes the word of another thread for reading alone, and until it sees a link itself', () => {
    const { storage } = withLinks();
    storage.trust(['a']);
    expect(() => storage.deleteMany(['a/out/link'])).toThrow(StorageFaultError);
    expect(() => storage.moveMany([{ from: 'a/out/link', to: 'stolen' }])).toThrow(StorageFaultError);
    storage.list('a');
    expect(() => storage.read('a/out/link', 100)).toThrow(StorageFaultError);
    expect(() => storage.stat('a/out/link')).toThrow(StorageFaultError);
  });

  it('answers with a fault, and does not wait, where a file is something else', () => {
    const { root, storage } = withLinks();
    fs.mkdirSync(join(root, 'a/folder'));
    expect(() => storage.read('a/folder', 10)).toThrow(StorageFaultError);
    expect(() => storage.stat('a/folder')).toThrow(StorageFaultError);
    expect(() => storage.list('a/b/link')).toThrow(StorageFaultError);
    for (const from of ['a/folder', 'a/b/file-out']) {
      expect(() => storage.moveMany([{ from, to: 'moved' }])).toThrow(StorageFaultError);
    }
    expect(fs.existsSync(join(root, 'moved'))).toBe(false);
  });

  it.each(['EACCES', 'EPERM', 'EIO', 'ELOOP', 'ENOTDIR', 'EMFILE', 'ESTALE'])(
    'takes %s for a place that cannot be looked at, never for an empty one',
    (code) => {
      const error = Object.assign(new Error(code), { code });
      expect(() => absentOrFault('a/b', error)).toThrow(StorageFaultError);
      expect(absentOrFault('a/b', Object.assign(new Error(), { code: 'ENOENT' }))).toBeNull();
    },
  );
});
