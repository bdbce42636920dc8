import { afterEach, expect } from 'vitest';
import type { Digest } from '../../src/oci/digest.js';
import { parseRepositoryName, parseTag } from '../../src/oci/names.js';
import { StorageRegistry } from '../../src/registries/storage/storage-registry.js';
import type { FilesystemStorage } from '../../src/storage/filesystem-storage.js';
import { tagFolder, tagHistoryLink, tagLink } from '../../src/storage/layout.js';
import { StoreFiles } from '../collections/store-files.js';
import { treeOf } from '../collections/temporary-tree.js';
import { optionsFor } from './adapter.js';

export const APP = parseRepositoryName('team/app');
export const V1 = parseTag('v1');
const opened: StorageRegistry[] = [];

afterEach(() => Promise.all(opened.splice(0).map((registry) => registry.close())));

export const open = (root: string, storage?: () => FilesystemStorage): StorageRegistry => {
  const options = optionsFor('', { type: 'storage', storage: { directory: root, online: false } });
  const registry = new StorageRegistry(options, undefined, storage);
  opened.push(registry);
  return registry;
};

/** `team/app` with v1, stable and other; a repository above it, one below it and one beside it with the same image. */
export const aStore = () => {
  const files = new StoreFiles();
  const image = files.image('team/app', { tags: ['v1', 'stable'], layers: ['base', 'one'] });
  const other = files.image('team/app', { tags: ['other'], layers: ['base', 'two'] });
  for (const repository of ['team', 'team/app/v1', 'team/application']) {
    files.image(repository, { tags: ['v1', 'stable'], layers: ['base', 'one'] });
  }
  return { files, image, other, registry: open(files.root) };
};

/** What a deletion may leave beside the registry's own files. */
export const ofRegistry = (files: StoreFiles): string[] =>
  treeOf(files.root, { without: ['.sexton'], withTimes: true });

/** Paths that were there before and are not now; what else differs fails the test. Folders' own times may. */
export const goneFrom = (before: readonly string[], after: readonly string[]): string[] => {
  const pathOf = (line: string): string => line.split(' ')[0] ?? '';
  const now = new Set(after.map((line) => (pathOf(line).endsWith('/') ? pathOf(line) : line)));
  const gone = before.filter((line) => !now.has(pathOf(line).endsWith('/') ? pathOf(line) : line));
  const then = new Set(before.map(pathOf));
  expect(after.map(pathOf).filter((path) => !then.has(path))).toEqual([]);
  return gone.map(pathOf);
};

/** A folder and everything that a tag keeps in it. */
export const wholeTag = (repository: string, tag: string, digest: Digest): string[] => {
  const paths = [tagLink(repository, tag), tagHistoryLink(repository, tag, digest)];
  const folders = paths.flatMap((path) => {
    const parts = path.slice(tagFolder(repository, tag).length).split('/').slice(0, -1);
    return parts.map((_, i) => `${tagFolder(repository, tag)}${parts.slice(0, i + 1).join('/')}/`);
  });
  return [...new Set([...paths, ...folders])].sort();
};
