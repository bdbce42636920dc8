import { createHash } from 'node:crypto';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { recognizeDigest } from '../../src/collections/engine/digest-key.js';
import { RecordPacker } from '../../src/collections/engine/manifest-records.js';
import { FLAG, ReferenceGraph } from '../../src/collections/engine/reference-graph.js';
import type { Digest } from '../../src/oci/digest.js';

const digestOf = (n: number): Digest => {
  const digest = recognizeDigest(`sha256:${createHash('sha256').update(String(n)).digest('hex')}`);
  if (digest === null) throw new Error('not a digest');
  return digest;
};

const sizes = fc.oneof(
  fc.integer({ min: 1, max: 900 }),
  fc.constantFrom(2 ** 32 - 2, 2 ** 32 - 1, 2 ** 32, 2 ** 40),
);
const manifest = fc.record({
  name: fc.integer({ min: 0, max: 5 }),
  sizeBytes: sizes,
  isDoubted: fc.boolean(),
  references: fc.uniqueArray(fc.record({ name: fc.integer({ min: 0, max: 9 }), sizeBytes: sizes }), {
    selector: ({ name }) => name,
    maxLength: 4,
  }),
});

describe('what manifests refer to', () => {
  it('is known of each with its size, in whatever order they came, and unknown again where it was doubted', async () => {
    await fc.assert(
      fc.asyncProperty(fc.array(fc.array(manifest, { maxLength: 6 }), { maxLength: 4 }), async (runs) => {
        const graph = new ReferenceGraph();
        const numberOf = (name: number): number => graph.table.addDigest(digestOf(name));
        const known = new Map<number, readonly number[]>();
        const expectedSizes = new Map<number, number>();
        for (const run of runs) {
          const doubted = new Set<number>();
          for (const { name, sizeBytes, isDoubted, references } of run) {
            const others = references.filter((reference) => reference.name !== name);
            const packer = new RecordPacker();
            packer.push(digestOf(name), sizeBytes, {
              kind: 'index',
              references: others.map((each) => ({
                digest: digestOf(each.name),
                role: 'child',
                sizeBytes: each.sizeBytes,
              })),
            });
            graph.learn(packer.packed());
            if (isDoubted) {
              doubted.add(name);
              graph.flag(numberOf(name), FLAG.doubted);
            }
            known.set(
              name,
              others.map((each) => each.name),
            );
            expectedSizes.set(name, sizeBytes);
            for (const each of others)
              if (!known.has(each.name)) expectedSizes.set(each.name, each.sizeBytes);
          }
          for (const name of Array.from({ length: 10 }, (_, n) => n)) {
            const index = numberOf(name);
            const found: number[] = [];
            graph.references(index, (target) => found.push(target));
            expect(graph.knows(index)).toBe(known.has(name));
            expect(graph.kind(index)).toBe(known.has(name) ? 'index' : null);
            expect(found).toEqual((known.get(name) ?? []).map(numberOf));
            expect(graph.sizeBytes(index)).toBe(expectedSizes.get(name) ?? 0);
          }
          await graph.renew(async () => undefined);
          for (const name of doubted) known.delete(name);
        }
      }),
    );
  });
});
