import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Holders } from '../../src/collections/engine/holders.js';

describe('who holds a blob', () => {
  it('is told as a map of sets would, whenever it is asked', () => {
    const number = fc.integer({ min: 0, max: 2 ** 32 - 1 });
    const pair = fc.tuple(
      fc.oneof(fc.integer({ min: 0, max: 5 }), number),
      fc.integer({ min: 0, max: 2 ** 21 - 1 }),
    );
    fc.assert(
      fc.property(fc.array(fc.array(pair)), (rounds) => {
        const holders = new Holders();
        const expected = new Map<number, Set<number>>();
        for (const pairs of rounds) {
          for (const [index, repository] of pairs) {
            holders.note(index, repository);
            expected.set(index, (expected.get(index) ?? new Set()).add(repository));
          }
          for (const [index, repositories] of expected) {
            expect(holders.has(index)).toBe(true);
            expect(holders.of(index)).toEqual([...repositories].sort((a, b) => a - b));
          }
          for (const absent of [6, 2 ** 31 - 7].filter((index) => !expected.has(index))) {
            expect(holders.has(absent)).toBe(false);
            expect(holders.of(absent)).toEqual([]);
          }
        }
      }),
    );
  });

  it('refuses a repository whose number would read as another blob', () => {
    expect(() => new Holders().note(1, 2 ** 21)).toThrow(RangeError);
  });
});
