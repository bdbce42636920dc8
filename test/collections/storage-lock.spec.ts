import * as fs from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { withLock } from '../../src/collections/engine/storage-lock.js';
import { OWN } from '../../src/storage/layout.js';
import { StoreFiles } from './store-files.js';

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
