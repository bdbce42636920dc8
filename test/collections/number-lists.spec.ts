import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { NumberLists } from '../../src/collections/engine/number-lists.js';

describe('lists of numbers', () => {
  it('are each as they were filled, whatever came after', () => {
    const length = fc.oneof(
      fc.integer({ min: 0, max: 40 }),
      fc.integer({ min: 0, max: 9_000 }),
      fc.constantFrom(2 ** 15 - 1, 2 ** 15, 2 ** 15 + 1, 70_000),
    );
    fc.assert(
      fc.property(fc.array(length, { maxLength: 20 }), (lengths) => {
        const lists = new NumberLists();
        const expected = lengths.map((of, list) => Uint32Array.from({ length: of }, (_, i) => list * 31 + i));
        for (const numbers of expected) {
          const added = lists.add(numbers.length);
          expect(added.every((number) => number === 0)).toBe(true);
          added.set(numbers);
        }
        expect(lists.length).toBe(expected.length);
        for (const [list, numbers] of expected.entries()) expect(lists.at(list).join()).toBe(numbers.join());
        expect(lists.at(expected.length)).toHaveLength(0);
      }),
      { numRuns: 30 },
    );
  });
});
