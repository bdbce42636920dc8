import { spawnSync } from 'node:child_process';
import { cpSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { QUARANTINE } from '../../src/storage/layout.js';
import { StoreFiles } from './store-files.js';
import { temporaryDirectory, treeOf } from './temporary-tree.js';
import { V1Files } from './v1-files.js';

const SEXTON = fileURLToPath(new URL('../../bin/sexton.mjs', import.meta.url));
const KILL_AT = fileURLToPath(new URL('../support/kill-at.mjs', import.meta.url));

/** Runs the command on `root`; killed in place of its nth change where `killAt` is given. True when it lived. */
const run = (root: string, [command, ...options]: readonly string[], killAt = 0): boolean => {
  const args = ['--import', KILL_AT, SEXTON, 'storage', command ?? '', '--storage', root, ...options];
  const env = { PATH: process.env['PATH'], KILL_AT: String(killAt), HOME: root };
  const { signal, status, stderr } = spawnSync(process.execPath, args, { encoding: 'utf8', env });
  if (signal === 'SIGKILL') return false;
  expect({ status, stderr }).toEqual({ status: 0, stderr: '' });
  return true;
};

/** One image that stays, one that was deleted through the API, and one that lost its tag. */
const aStore = (): string => {
  const files = new StoreFiles();
  files.image('team/app', { tags: ['stays'], layers: ['base', 'own'] });
  const dead = files.image('team/app', { layers: ['base', 'dead'] });
  files.deleteThroughApi('team/app', dead.digest);
  files.image('team', { layers: ['base', 'loose'] });
  return files.root;
};

const COLLECT = ['collect', '--no-cache', '--untagged', 'collect', '--untagged-min-age', '1h'];
const registryFiles = (root: string): string[] => treeOf(join(root, 'docker'));
const waiting = (root: string): string[] =>
  readdirSync(join(root, QUARANTINE), { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map(({ name }) => name.replace(/^\d+-/, ''))
    .sort();

/** Kills `command` in place of each of its changes in turn, each time on a copy of `root`, until one run lives. */
const atEveryChange = (root: string, command: readonly string[], then: (killed: string) => void): number => {
  for (let killAt = 1; ; killAt++) {
    const copy = temporaryDirectory();
    cpSync(root, copy, { recursive: true, preserveTimestamps: true });
    if (run(copy, command, killAt)) return killAt - 1;
    then(copy);
  }
};

describe('kill -9 in place of any change of a file', { timeout: 300_000 }, () => {
  it('of a collection: run again, it ends as an undisturbed one, and undo brings every file back', () => {
    const root = aStore();
    const undisturbed = temporaryDirectory();
    cpSync(root, undisturbed, { recursive: true, preserveTimestamps: true });
    run(undisturbed, COLLECT);
    const changes = atEveryChange(root, COLLECT, (killed) => {
      run(killed, COLLECT);
      expect(registryFiles(killed)).toEqual(registryFiles(undisturbed));
      expect(waiting(killed)).toEqual(waiting(undisturbed));
      run(killed, ['undo']);
      expect(registryFiles(killed)).toEqual(registryFiles(root));
    });
    expect(changes).toBeGreaterThan(10);
  });

  it('of an undo, or of a purge: run again, it ends as an undisturbed one', () => {
    const root = aStore();
    const before = registryFiles(root);
    run(root, COLLECT);
    atEveryChange(root, ['undo'], (killed) => {
      run(killed, ['undo']);
      expect(registryFiles(killed)).toEqual(before);
      expect(waiting(killed)).toEqual([]);
    });
    const after = registryFiles(root);
    const purge = ['purge', '--retention', '0s'];
    atEveryChange(root, purge, (killed) => {
      run(killed, purge);
      expect(registryFiles(killed)).toEqual(after);
      expect(waiting(killed)).toEqual([]);
    });
  });

  it('of a collection, an undo or a purge of the old registry: run again, it ends as an undisturbed one', () => {
    const files = new V1Files();
    const base = files.image();
    files.tag('team/app', 'v1', files.image({ on: base }));
    files.image({ on: base });
    const registry = (root: string): string[] => treeOf(root, { without: ['.sexton'] });
    const before = registry(files.root);
    const collect = ['collect', '--v1'];
    const undisturbed = temporaryDirectory();
    cpSync(files.root, undisturbed, { recursive: true, preserveTimestamps: true });
    run(undisturbed, collect);
    expect(registry(undisturbed)).not.toEqual(before);
    const changes = atEveryChange(files.root, collect, (killed) => {
      run(killed, collect);
      expect(registry(killed)).toEqual(registry(undisturbed));
      expect(waiting(killed)).toEqual(waiting(undisturbed));
    });
    expect(changes).toBeGreaterThan(10);
    atEveryChange(undisturbed, ['undo', '--v1'], (killed) => {
      run(killed, ['undo', '--v1']);
      expect(registry(killed)).toEqual(before);
      expect(waiting(killed)).toEqual([]);
    });
    const purge = ['purge', '--v1', '--retention', '0s'];
    atEveryChange(undisturbed, purge, (killed) => {
      run(killed, purge);
      expect(registry(killed)).toEqual(registry(undisturbed));
      expect(waiting(killed)).toEqual([]);
    });
  });
});
