import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  DigestPacker,
  packDigests,
  recognizeDigest,
  recognizeDigests,
  unpackDigests,
} from '../../src/collections/engine/digest-key.js';
import { RecordPacker } from '../../src/collections/engine/manifest-records.js';
import { ReferenceGraph } from '../../src/collections/engine/reference-graph.js';

const hexOf = (length: number, digits = '0123456789abcdef') =>
  fc.array(fc.constantFrom(...digits), { minLength: length, maxLength: length }).map((all) => all.join(''));
const narrow = hexOf(64).map((hex) => `sha256:${hex}`);
const wide = hexOf(128).map((hex) => `sha512:${hex}`);
const odd = fc.oneof(
  fc.string(),
  hexOf(64, '0123456789ABCDEFabcdef').map((hex) => `sha256:${hex}`),
  hexOf(64, '0123456789abcdefg\u0130\u212a').map((hex) => `sha256:${hex}`),
  hexOf(63).map((hex) => `sha256:${hex}`),
  hexOf(65).map((hex) => `sha256:${hex}`),
);

describe('many digests at once', () => {
  it('are recognized as one by one', () => {
    fc.assert(
      fc.property(fc.oneof(fc.array(narrow), fc.array(fc.oneof(narrow, wide, odd))), (texts) => {
        expect(recognizeDigests(texts)).toEqual(texts.map(recognizeDigest));
      }),
    );
  });

  it('come out of a pack as they went in', () => {
    fc.assert(
      fc.property(fc.oneof(fc.array(narrow), fc.array(fc.oneof(narrow, wide))), (texts) => {
        const digests = texts.map(recognizeDigest).filter((digest) => digest !== null);
        expect(unpackDigests(packDigests(digests))).toEqual(texts);
      }),
    );
  });

  it('are all taken by their names, or none of them', () => {
    const before = 'a'.repeat(64);
    fc.assert(
      fc.property(fc.array(fc.oneof(hexOf(64), odd), { minLength: 1 }), (hexes) => {
        const packer = new DigestPacker();
        packer.pushHex(before);
        const areDigests = hexes.every((hex) => recognizeDigest(`sha256:${hex}`) !== null);
        expect(packer.pushAllNamed('sha256', hexes)).toBe(areDigests);
        expect(packer.pushAllNamed('sha512', hexes)).toBe(false);
        const taken = [before, ...(areDigests ? hexes : [])].map((hex) => `sha256:${hex}`);
        expect(unpackDigests(packer.packed())).toEqual(taken);
      }),
    );
  });
});

describe('what a graph has learned', () => {
  it('is the same after another way through a record, also of 4 GiB and more', () => {
    const sizes = fc.oneof(
      fc.integer({ min: 0, max: Number.MAX_SAFE_INTEGER }),
      fc.constantFrom(2 ** 32 - 2, 2 ** 32 - 1, 2 ** 32, 2 ** 31, 0),
    );
    const reference = fc.record({
      digest: fc.oneof(narrow, wide),
      role: fc.constantFrom('content' as const, 'child' as const, 'mention' as const),
      sizeBytes: sizes,
    });
    fc.assert(
      fc.property(
        narrow,
        sizes,
        fc.uniqueArray(reference, { selector: (each) => each.digest }),
        (name, size, drafts) => {
          const digest = recognizeDigest(name);
          const references = drafts.flatMap((draft) => {
            const known = recognizeDigest(draft.digest);
            return known === null || known === digest ? [] : [{ ...draft, digest: known }];
          });
          if (digest === null) return;
          const packer = new RecordPacker();
          packer.push(digest, size, { kind: 'image', references });
          const first = new ReferenceGraph();
          first.learn(packer.packed());
          const again = new RecordPacker();
          again.pushNumbered(first.table, first.numbered(first.table.findDigest(digest)));
          expect(again.packed()).toEqual(packer.packed());
          const graph = new ReferenceGraph();
          graph.learn(again.packed());
          const found: typeof references = [];
          const index = graph.table.findDigest(digest);
          expect(graph.sizeBytes(index)).toBe(size);
          graph.references(index, (target, role) => {
            if (role !== 'content' && role !== 'child' && role !== 'mention') return;
            found.push({ digest: graph.digest(target), role, sizeBytes: graph.sizeBytes(target) });
          });
          expect(found).toEqual(references);
        },
      ),
    );
  });
});
