import { spawnSync } from 'node:child_process';
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { afterEach, expect, it, vi } from 'vitest';
import { StorageLockedError, withLock } from '../../src/collections/engine/storage-lock.js';
import { OWN } from '../../src/storage/layout.js';
import { StoreFiles } from './store-files.js';

afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
});

/** A storage whose lock says `holder`. */
const lockedBy = (holder: string) => {
  const { root } = new StoreFiles();
  const path = join(root, OWN, 'lock');
  fs.mkdirSync(join(root, OWN));
  fs.writeFileSync(path, holder);
  return { root, path, read: () => fs.readFileSync(path, 'utf8') };
};

/** The number of a process that has ended. */
const endedProcess = (): number => spawnSync(process.execPath, ['--version']).pid;

const mustNotWork = async (): Promise<void> => expect.fail('it went in');

it('leaves the lock of who came after, where its holder was taken for dead meanwhile', async () => {
  const { root } = new StoreFiles();
  const path = join(root, OWN, 'lock');
  await withLock(root, async () => {
    fs.rmSync(path);
    fs.writeFileSync(path, '1 another-host\n');
  });
  expect(fs.readFileSync(path, 'utf8')).toBe('1 another-host\n');
  fs.rmSync(path);
  await withLock(root, async () => expect(fs.existsSync(path)).toBe(true));
  expect(fs.existsSync(path)).toBe(false);
});

it('lets nobody in beside its holder, in the same process neither', async () => {
  const { root } = new StoreFiles();
  await withLock(root, async () => {
    for (let i = 0; i < 2; i++) await expect(withLock(root, mustNotWork)).rejects.toThrow(StorageLockedError);
  });
});

it('respects a holder that lives, of another account too, and one of another machine', async () => {
  const elsewhere = lockedBy(`${endedProcess()} another-host\n`);
  const here = lockedBy(`${process.ppid} ${hostname()}\n`);
  const unnamed = lockedBy('');
  const refuse = (): never => {
    throw Object.assign(new Error('EPERM'), { code: 'EPERM' });
  };
  for (const { root, read } of [elsewhere, here, unnamed]) {
    const before = read();
    await expect(withLock(root, mustNotWork)).rejects.toThrow(StorageLockedError);
    vi.spyOn(process, 'kill').mockImplementation(refuse);
    await expect(withLock(root, mustNotWork)).rejects.toThrow(StorageLockedError);
    vi.restoreAllMocks();
    expect(read()).toBe(before);
  }
});

it('is taken over from a holder that died, by one of all that find it so', async () => {
  const { root, path } = lockedBy(`${endedProcess()} ${hostname()}\n`);
  await withLock(root, async () => expect(fs.readFileSync(path, 'utf8')).toContain(`${process.pid} `));
  expect(fs.existsSync(path)).toBe(false);

  const raced = lockedBy(`${endedProcess()} ${hostname()}\n`);
  const rename = fs.renameSync.bind(fs);
  vi.spyOn(fs, 'renameSync').mockImplementationOnce((from, to) => {
    // Another one found it as well, and was faster.
    fs.writeFileSync(raced.path, '1 another-host\n');
    rename(from, to);
  });
  syncBuiltinESMExports();
  await expect(withLock(raced.root, mustNotWork)).rejects.toThrow(StorageLockedError);
  expect(raced.read()).toBe('1 another-host\n');
});
