import { spawnSync } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { BLOBS, blobData, repositoryFolder, revisionLink, tagFolder } from '../../src/storage/layout.js';
import { startRegistry } from '../../tools/registry-server.js';
import { StoreFiles } from './store-files.js';
import { treeOf } from './temporary-tree.js';

const SEXTON = fileURLToPath(new URL('../../bin/sexton.mjs', import.meta.url));

/** `sexton storage delete`, as whoever stands at the registry's host runs it. */
const remove = (files: StoreFiles, reference: string, ...options: string[]) => {
  const args = [SEXTON, 'storage', 'delete', reference, '--storage', files.root, '--grace', '0s', ...options];
  const env = { PATH: process.env['PATH'], HOME: files.root };
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
  return { status, stdout, stderr };
};

const ofRegistry = (files: StoreFiles): string[] => treeOf(files.root, { without: ['.sexton', '.cache'] });

/** `team/app` with v1 and v2 of a shared layer, and a nested and a neighbouring repository with that layer too. */
const aStore = () => {
  const files = new StoreFiles();
  const v1 = files.image('team/app', { tags: ['v1'], layers: ['base', 'one'] });
  const v2 = files.image('team/app', { tags: ['v2'], layers: ['base', 'two'] });
  const nested = files.image('team/app/nested', { tags: ['v1'], layers: ['base', 'nested'] });
  return { files, v1, v2, nested };
};

describe('sexton storage delete', () => {
  it('takes a tag, its manifest and the blobs that only it held; a dry run lists them and changes nothing', () => {
    const { files, v1, v2, nested } = aStore();
    const before = ofRegistry(files);
    const dry = remove(files, 'team/app:v1', '--dry-run');
    expect(dry).toMatchObject({ status: 0, stderr: '' });
    expect(ofRegistry(files)).toEqual(before);
    for (const path of [revisionLink('team/app', v1.digest), blobData(v1.config)]) {
      expect(dry.stdout.split('\n')).toContain(path);
    }
    expect(dry.stdout).not.toContain(blobData(v1.layers[0] ?? v1.config));

    expect(remove(files, 'team/app:v1')).toMatchObject({ status: 0, stderr: '' });
    expect(files.has(tagFolder('team/app', 'v1'))).toBe(false);
    expect(files.hasBlob(v1.digest)).toBe(false);
    expect(files.hasBlob(v1.config)).toBe(false);
    for (const image of [v2, nested]) {
      for (const digest of [image.digest, image.config, ...image.layers]) {
        expect(files.hasBlob(digest)).toBe(true);
      }
    }
  });

  it('of a whole repository spares the one below it (TRAPS 11), and what another one needs', () => {
    const { files, v1, nested } = aStore();
    expect(remove(files, 'team/app')).toMatchObject({ status: 0 });
    expect(files.has(`${repositoryFolder('team/app')}/_manifests`)).toBe(false);
    expect(files.hasBlob(v1.digest)).toBe(false);
    for (const digest of [nested.digest, nested.config, ...nested.layers]) {
      expect(files.hasBlob(digest)).toBe(true);
    }
  });

  it('leaves a blob that a child of an index of another repository needs (TRAPS 27)', () => {
    const { files, v1 } = aStore();
    const child = files.image('other', { layers: ['base', 'one'] });
    files.index('other', [child.digest], ['multi']);
    expect(remove(files, 'team/app:v1')).toMatchObject({ status: 0 });
    for (const layer of v1.layers) expect(files.hasBlob(layer)).toBe(true);
    expect(files.hasBlob(child.digest)).toBe(true);
  });

  it.each(['team/app:v3', 'team/ap:v1', 'team/app@sha256:abc', '../app:v1', 'team//app'])(
    'takes nothing for %s, which is not there (TRAPS 12, 13)',
    (reference) => {
      const { files } = aStore();
      const before = ofRegistry(files);
      expect(remove(files, reference).status).not.toBe(0);
      expect(ofRegistry(files)).toEqual(before);
    },
  );

  it('takes nothing while anything it might need cannot be read (TRAPS 22)', () => {
    const { files, v1 } = aStore();
    files.put(revisionLink('team/app/nested', v1.digest), '');
    const before = ofRegistry(files).filter((path) => path.startsWith(BLOBS));
    remove(files, 'team/app:v1');
    expect(ofRegistry(files).filter((path) => path.startsWith(BLOBS))).toEqual(before);
  });

  it('removes a dangling tag (TRAPS 14)', () => {
    const { files, v2 } = aStore();
    files.remove(revisionLink('team/app', v2.digest));
    expect(remove(files, 'team/app:v2')).toMatchObject({ status: 0 });
    expect(files.has(tagFolder('team/app', 'v2'))).toBe(false);
    expect(files.has(tagFolder('team/app', 'v1'))).toBe(true);
  });

  it('refuses while the registry answers as writable, and --online leaves the blobs', async () => {
    const { files, v1 } = aStore();
    const registry = await startRegistry({ storageDir: files.root });
    try {
      const before = ofRegistry(files);
      const refused = remove(files, 'team/app:v1', '--registry-url', registry.url);
      expect(refused).toMatchObject({ status: 3 });
      expect(ofRegistry(files).filter((path) => !path.includes('_uploads'))).toEqual(before);
      expect(remove(files, 'team/app:v1', '--online')).toMatchObject({ status: 0 });
      expect(files.has(tagFolder('team/app', 'v1'))).toBe(false);
      expect(files.hasBlob(v1.digest)).toBe(true);
    } finally {
      await registry.stop();
    }
  });
});
