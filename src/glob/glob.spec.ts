import fc from 'fast-check';
import picomatch from 'picomatch';
import { describe, expect, it } from 'vitest';
import { globMatcher } from './glob.js';

/** The meaning, written down: component by component, each as picomatch has it (not dots: its `*.*` is no `a.`). */
const means = (glob: readonly string[], name: readonly string[]): boolean => {
  const [first, ...others] = glob;
  if (first === undefined) return name.length === 0;
  if (first === '**') return name.some((_, taken) => means(others, name.slice(taken + 1)));
  const [component, ...below] = name;
  return component !== undefined && picomatch(first, { dot: true })(component) && means(others, below);
};

const joined = (component: fc.Arbitrary<string>) =>
  fc.array(component, { minLength: 1, maxLength: 4 }).map((parts) => parts.join('/'));
const names = joined(fc.stringMatching(/^[ab][ab-]{0,3}$/));
const globs = joined(
  fc.oneof(fc.constant('**'), fc.stringMatching(/^[ab*][ab-]{0,2}(\*[ab]{0,2})?$/)).filter((part) => {
    return part === '**' || !part.includes('**');
  }),
);

describe('a glob', () => {
  it.each([
    ['**', 'a', true],
    ['**', 'a/b/c', true],
    ['*', 'a/b', false],
    ['a/**', 'a', false],
    ['a/**', 'ab/c', false],
    ['**/app', 'app', false],
    ['**/app', 'x/y/app', true],
    ['a/**/app', 'a/app', false],
    ['a/**/app', 'a/x/y/app', true],
    ['**/**', 'a', false],
    ['**/**', 'a/b', true],
    ['a.b', 'aXb', false],
    ['a*', 'a', true],
    ['*.*', 'a.', true],
    ['*a*b', 'xaayb', true],
    ['*a*b', 'xaaybc', false],
  ])('%s takes %s: %s', (glob, name, expected) => {
    expect(globMatcher(glob)(name)).toBe(expected);
  });

  it('means what its components mean', () => {
    fc.assert(
      fc.property(globs, names, (glob, name) => {
        expect(globMatcher(glob)(name)).toBe(means(glob.split('/'), name.split('/')));
      }),
      { numRuns: 5_000 },
    );
  });

  it('answers at once, whatever the glob and however long the name', () => {
    const started = performance.now();
    for (const glob of [`${'*a'.repeat(100)}b`, `${'**/*a*/'.repeat(40)}b`]) {
      for (const name of ['a'.repeat(255), 'a/'.repeat(127)]) {
        expect(globMatcher(glob)(name)).toBe(false);
      }
    }
    expect(performance.now() - started).toBeLessThan(2_000);
  });
});
