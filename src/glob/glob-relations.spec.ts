import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { globMatcher } from './glob.js';
import { globCovers, globsMeet } from './glob-relations.js';

describe('a glob covers another', () => {
  it.each([
    ['team-a/**', 'team-a/app', true],
    ['team-a/**', 'team-a/*', true],
    ['team-a/**', 'team-a/**', true],
    ['team-a/**', 'team-a/x*/y', true],
    ['**', 'team-a/**', true],
    ['team-a/**', 'team-a', false],
    ['team-a/**', '**', false],
    ['team-a/*', 'team-a/**', false],
    ['team-a/*/*', 'team-a/**', false],
    ['team-a/x*', 'team-a/*', false],
    ['team-a/*', 'team-a/x*y', true],
  ])('%s and %s: %s', (outer, inner, expected) => {
    expect(globCovers(outer, inner)).toBe(expected);
  });
});

describe('two globs meet', () => {
  it.each([
    ['team-a/**', 'team-a/app', true],
    ['team-a/**', '**', true],
    ['team-a/*', 'team-a/**', true],
    ['team-a/**', 'team-b/**', false],
    ['team-a/**', 'team-a', false],
    ['team-a/*', 'team-a/*/*', false],
    ['*-app', 'team-*', true],
    ['a*b', 'c*', false],
    ['**/app', 'team-a/**', true],
  ])('%s and %s: %s', (a, b, expected) => {
    expect(globsMeet(a, b)).toBe(expected);
    expect(globsMeet(b, a)).toBe(expected);
  });
});

const part = fc
  .array(fc.constantFrom('a', 'b', '*'), { minLength: 1, maxLength: 3 })
  .map((letters) => letters.join('').replaceAll(/\*+/g, '*'));
const glob = fc
  .array(fc.oneof({ weight: 3, arbitrary: part }, { weight: 1, arbitrary: fc.constant('**') }), {
    minLength: 1,
    maxLength: 3,
  })
  .map((parts) => parts.join('/'));
const name = fc
  .array(fc.array(fc.constantFrom('a', 'b'), { minLength: 1, maxLength: 3 }), { minLength: 1, maxLength: 4 })
  .map((parts) => parts.map((letters) => letters.join('')).join('/'));

describe('for any two globs and any name', () => {
  it('what one covers, it matches; and where both match, they meet', () => {
    fc.assert(
      fc.property(glob, glob, name, (a, b, text) => {
        const [inA, inB] = [globMatcher(a)(text), globMatcher(b)(text)];
        if (globCovers(a, b) && inB) expect(inA).toBe(true);
        if (inA && inB) expect(globsMeet(a, b)).toBe(true);
      }),
      { numRuns: 20_000 },
    );
  });

  it('a name is a glob that covers and meets what it matches', () => {
    fc.assert(
      fc.property(glob, name, (a, text) => {
        expect(globCovers(a, text)).toBe(globMatcher(a)(text));
        expect(globsMeet(a, text)).toBe(globMatcher(a)(text));
      }),
      { numRuns: 5_000 },
    );
  });
});
