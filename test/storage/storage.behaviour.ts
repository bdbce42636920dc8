import { createHash } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { readMany, StorageFaultError, type Storage } from '../../src/storage/storage.js';

export interface StorageUnderTest {
  readonly storage: Storage;
  readonly put: (path: string, content: string) => void;
}

const text = (bytes: Uint8Array | null): string | null =>
  bytes === null ? null : Buffer.from(bytes).toString();

/** The promises of the storage port; every storage passes this suite. */
export const describeStorage = (name: string, make: () => StorageUnderTest): void => {
  describe(`${name} keeps the promises of a storage`, () => {
    it('lists the names directly below a prefix, and null where there is nothing', async () => {
      const { storage, put } = make();
      put('a/b/one', '1');
      put('a/two', '2');
      put('ab/three', '3');
      const listing = await storage.list('a');
      expect(listing).toEqual({ folders: ['b'], files: ['two'], odd: [] });
      expect((await storage.list(''))?.folders.toSorted()).toEqual(['a', 'ab']);
      expect(await storage.list('a/nothing')).toBeNull();
      expect(await storage.list('nothing/at/all')).toBeNull();
    });

    it('reads a whole file, and refuses one that is larger than asked', async () => {
      const { storage, put } = make();
      const large = 'x'.repeat(200_000);
      put('a/large', large);
      put('a/empty', '');
      expect(text(await storage.read('a/large', 200_000))).toBe(large);
      expect(text(await storage.read('a/empty', 10))).toBe('');
      expect(await storage.read('a/absent', 10)).toBeNull();
      expect(await storage.read('b/absent', 10)).toBeNull();
      await expect(async () => storage.read('a/large', 199_999)).rejects.toThrow(StorageFaultError);
      const [first, second, third] = await readMany(storage, ['a/empty', 'a/absent', 'a/large'], 10);
      expect(text(first as Uint8Array)).toBe('');
      expect(second).toBeNull();
      expect(third).toBeInstanceOf(StorageFaultError);
      expect((third as StorageFaultError).isTooLarge).toBe(true);
    });

    it('looks at many files in the order asked, and at none that is not there', async () => {
      const { storage, put } = make();
      put('a/one', '1');
      put('b/three', '333');
      const sizes: (number | null)[] = [];
      await storage.statEach(['b/three', 'a/absent', 'c/absent', 'a/one'], (facts, i) => {
        sizes[i] = facts && 'sizeBytes' in facts ? facts.sizeBytes : null;
      });
      expect(sizes).toEqual([3, null, null, 1]);
    });

    it('moves a file with its time of change, and never onto another', async () => {
      const { storage, put } = make();
      put('from/here', 'content');
      put('taken/there', 'other');
      const before = await storage.stat('from/here');
      expect(await storage.moveMany([{ from: 'from/here', to: 'taken/there' }])).toEqual(['exists']);
      expect(text(await storage.read('taken/there', 10))).toBe('other');
      expect(await storage.moveMany([{ from: 'from/here', to: 'to/a/new/place' }])).toEqual(['moved']);
      expect(await storage.stat('to/a/new/place')).toEqual(before);
      expect(await storage.stat('from/here')).toBeNull();
      expect(await storage.moveMany([{ from: 'from/here', to: 'to/a/new/place' }])).toEqual(['absent']);
      expect(await storage.moveMany([{ from: 'nowhere/at/all', to: 'to/b' }])).toEqual(['absent']);
      expect(await storage.moveMany([{ from: 'from/here', to: 'not/made/here' }])).toEqual(['absent']);
      expect(await storage.list('not')).toBeNull();
      put('from/one', '1');
      put('from/two', '2');
      const toOnePlace = ['from/one', 'from/two'].map((from) => ({ from, to: 'newly/made' }));
      expect(await storage.moveMany(toOnePlace)).toEqual(['moved', 'exists']);
      expect(text(await storage.read('newly/made', 10))).toBe('1');
    });

    it('moves a folder with all that it holds, and never onto another', async () => {
      const { storage, put } = make();
      put('from/here/a/one', '1');
      put('from/here/two', '2');
      put('from/there/three', '3');
      expect(await storage.moveFolder({ from: 'from/here', to: 'from/there' })).toBe('exists');
      expect(text(await storage.read('from/here/two', 10))).toBe('2');
      expect(await storage.moveFolder({ from: 'from/here', to: 'to/a/new/place' })).toBe('moved');
      expect(text(await storage.read('to/a/new/place/a/one', 10))).toBe('1');
      expect(text(await storage.read('to/a/new/place/two', 10))).toBe('2');
      expect(await storage.list('from/here')).toBeNull();
      expect(await storage.moveFolder({ from: 'from/here', to: 'to/b' })).toBe('absent');
      expect(text(await storage.read('from/there/three', 10))).toBe('3');
    });

    it('writes a file, over one that is there, and leaves nothing beside it', async () => {
      const { storage, put } = make();
      put('a/one', 'before');
      await storage.write('a/one', Buffer.from('after'));
      await storage.write('b/c/two', Buffer.from('2'));
      expect(text(await storage.read('a/one', 10))).toBe('after');
      expect(text(await storage.read('b/c/two', 10))).toBe('2');
      expect((await storage.list('a'))?.files).toEqual(['one']);
      expect((await storage.list('b/c'))?.files).toEqual(['two']);
    });

    it('hashes a file of any size', async () => {
      const { storage, put } = make();
      const large = 'x'.repeat(200_000);
      put('a/large', large);
      expect(await storage.hash('a/large', 'sha256')).toBe(createHash('sha256').update(large).digest('hex'));
      expect(await storage.hash('a/large', 'sha512')).toBe(createHash('sha512').update(large).digest('hex'));
      expect(await storage.hash('a/absent', 'sha256')).toBeNull();
      expect(await storage.hash('b/absent', 'sha256')).toBeNull();
    });

    it('deletes many, gone ones included', async () => {
      const { storage, put } = make();
      put('a/one', '1');
      put('a/two', '2');
      await storage.deleteMany(['a/one', 'a/one', 'b/absent']);
      expect(await storage.stat('a/one')).toBeNull();
      expect(text(await storage.read('a/two', 10))).toBe('2');
    });

    it('never removes a folder that holds something', async () => {
      const { storage, put } = make();
      put('a/b/one', '1');
      await storage.removeEmptyFolders(['a/b', 'a/absent', 'b/absent']);
      expect(text(await storage.read('a/b/one', 10))).toBe('1');
      await storage.createFolder('a/c/d');
      await storage.createFolder('a/c/d');
    });

    it.each(['../x', 'a/../../x', '/etc/passwd', 'a//b', 'a/./b', 'a/', 'a/\0b', '..'])(
      'refuses %j, which is no path inside it (TRAPS 15)',
      async (path) => {
        const { storage, put } = make();
        put('a/b', '1');
        for (const call of [
          () => storage.list(path),
          () => storage.read(path, 10),
          () => storage.stat(path),
          () => storage.moveMany([{ from: path, to: 'b' }]),
          () => storage.moveMany([{ from: 'a/b', to: path }]),
          () => storage.moveFolder({ from: path, to: 'b' }),
          () => storage.moveFolder({ from: 'a', to: path }),
          () => storage.write(path, Buffer.from('2')),
          () => storage.hash(path, 'sha256'),
          () => storage.deleteMany([path]),
          () => storage.removeEmptyFolders([path]),
          () => storage.createFolder(path),
        ]) {
          await expect(async () => call()).rejects.toThrow(StorageFaultError);
        }
        expect(text(await storage.read('a/b', 10))).toBe('1');
      },
    );
  });
};
