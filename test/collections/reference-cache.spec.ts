import { createHash } from 'node:crypto';
import * as fs from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { ReferenceMemory } from '../../src/collections/engine/reference-cache.js';
import { survey } from '../../src/collections/engine/survey.js';
import { KEEP, toolsIn } from './collecting.js';
import { StoreFiles } from './store-files.js';
import { temporaryDirectory } from './temporary-tree.js';

/** Two counts, and a sha256 of all before them. */
const FOOTER_BYTES = 8 + 8 + 32;

/** What a run remembered of one image, in a file. */
const aCache = async () => {
  const files = new StoreFiles();
  const { digest } = files.image('team/app', { tags: ['v1'] });
  const path = join(temporaryDirectory(), 'references');
  const memory = new ReferenceMemory(path);
  await survey({ ...toolsIn(files.root), memory }, KEEP);
  await memory.keep();
  const isBelieved = async (at = path): Promise<boolean> => {
    const graph = await new ReferenceMemory(at).recall();
    return graph.knows(graph.table.findDigest(digest));
  };
  return { path, isBelieved };
};

it('believes what it wrote', async () => {
  const { isBelieved } = await aCache();
  expect(await isBelieved()).toBe(true);
});

it('believes no file of which any byte has changed, or that is cut short: a living blob could look dead', async () => {
  const { path, isBelieved } = await aCache();
  const whole = fs.readFileSync(path);
  for (let at = 0; at < whole.length; at++) {
    const changed = Buffer.from(whole);
    changed.writeUInt8(changed.readUInt8(at) ^ 1, at);
    fs.writeFileSync(path, changed);
    expect([at, await isBelieved()]).toEqual([at, false]);
  }
  for (const length of [0, 10, whole.length - 1]) {
    fs.writeFileSync(path, whole.subarray(0, length));
    expect([length, await isBelieved()]).toEqual([length, false]);
  }
});

it('believes no file that others may write, or that is somewhere else', async () => {
  const { path, isBelieved } = await aCache();
  const link = `${path}.link`;
  fs.symlinkSync(path, link);
  expect(await isBelieved(link)).toBe(false);
  for (const mode of [0o620, 0o602]) {
    fs.chmodSync(path, mode);
    expect(await isBelieved()).toBe(false);
  }
  fs.chmodSync(path, 0o644);
  expect(await isBelieved()).toBe(true);
});

it('believes no file of another format, whole though it is', async () => {
  const { path, isBelieved } = await aCache();
  const changed = fs.readFileSync(path);
  const at = changed.indexOf('references 2') + 'references '.length;
  changed.write('1', at);
  const body = changed.subarray(0, -FOOTER_BYTES);
  createHash('sha256')
    .update(body)
    .digest()
    .copy(changed, changed.length - 32);
  fs.writeFileSync(path, changed);
  expect(await isBelieved()).toBe(false);
  changed.write('2', at);
  createHash('sha256')
    .update(body)
    .digest()
    .copy(changed, changed.length - 32);
  fs.writeFileSync(path, changed);
  expect(await isBelieved()).toBe(true);
});
