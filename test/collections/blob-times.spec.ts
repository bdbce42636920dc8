import { describe, expect, it } from 'vitest';
import { blobTimes } from '../../src/collections/engine/blob-times.js';
import { unpackDigests } from '../../src/collections/engine/digest-key.js';
import { InlineScanner } from '../../src/collections/engine/inline-scanner.js';
import { ReferenceGraph } from '../../src/collections/engine/reference-graph.js';
import type { Scanner, TimesRequest } from '../../src/collections/engine/scanner.js';
import { digestOf } from '../../src/oci/digest.js';
import { MemoryStorage } from './memory-storage.js';

const COUNT = 10_000;
const names = ['a', 'b'];

/** More blobs than are looked at in one go, every one of another age; of some a link is younger, in either repository. */
const blobsWithLinks = () => {
  const graph = new ReferenceGraph();
  const indexes = Array.from({ length: COUNT }, (_, i) =>
    graph.table.addDigest(digestOf(Buffer.from(`${i}`))),
  );
  const numberOf = new Map(indexes.map((index, i) => [graph.digest(index) as string, i]));
  const ageOf = (repository: string | null, i: number): number =>
    (repository === null ? 1 : repository === 'a' ? 100_000 : 1_000_000) + i;
  const linkedIn = (i: number): readonly number[] => [
    ...(i % 3 === 0 ? [0] : []),
    ...(i % 5 === 0 ? [1] : []),
  ];
  const scanner: Scanner = Object.assign(new InlineScanner(new MemoryStorage()), {
    times: async ({ runs, digests }: TimesRequest) => {
      const named = unpackDigests(digests);
      const repositories = runs.flatMap(({ repository, count }) =>
        Array<string | null>(count).fill(repository),
      );
      const at = named.map((digest, n) => ageOf(repositories[n] ?? null, numberOf.get(digest) ?? NaN));
      const found = { sizesBytes: Float64Array.from(at), modifiedMs: Float64Array.from(at) };
      return { found, faults: [] };
    },
  });
  return { graph, indexes, scanner, linkedIn, ageOf };
};

describe('of more blobs than are looked at in one go', () => {
  it('each has its own size, and the time of the latest change of itself or a link to it', async () => {
    const { graph, indexes, scanner, linkedIn, ageOf } = blobsWithLinks();
    const { sizesBytes, modifiedMs } = await blobTimes(scanner, { graph, names }, indexes, linkedIn);
    expect([...sizesBytes]).toEqual(indexes.map((_, i) => ageOf(null, i)));
    const latest = (i: number): string | null => (i % 5 === 0 ? 'b' : i % 3 === 0 ? 'a' : null);
    expect([...modifiedMs]).toEqual(indexes.map((_, i) => ageOf(latest(i), i)));
  });
});
