import { expect, it } from 'vitest';
import { blobTimes } from '../../src/collections/engine/blob-times.js';
import { findRepositories } from '../../src/collections/engine/find-repositories.js';
import { InlineScanner } from '../../src/collections/engine/inline-scanner.js';
import { ReferenceGraph } from '../../src/collections/engine/reference-graph.js';
import { layers } from '../../src/storage/layout.js';
import { MemoryStorage } from './memory-storage.js';

const counted = () => {
  let turns = 0;
  return { turn: (): void => void (turns += 1), turns: () => turns };
};

it('a look for repositories lets others have their turn before each folder', async () => {
  const storage = new MemoryStorage();
  for (let n = 0; n < 30; n++) storage.put(`${layers(`team-${n % 3}/app-${n}`)}/x`, '');
  const { turn, turns } = counted();
  expect((await findRepositories(storage, turn)).found).toHaveLength(30);
  expect(turns()).toBe(1 + 3 + 30);
});

it('a look at times lets others have their turn before any 4096 files, and while it gathers them', async () => {
  const { turn, turns } = counted();
  const scanner = new InlineScanner(new MemoryStorage());
  const graph = new ReferenceGraph();
  graph.table.add(new Int32Array(8), 0);
  await blobTimes(scanner, { graph, names: ['a'] }, new Uint32Array(10_000), () => [0], turn);
  expect(turns()).toBeGreaterThanOrEqual(3 + 10 + 1);
});
