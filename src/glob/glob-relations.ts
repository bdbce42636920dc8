import { globMatcher } from './glob.js';

/** No name and no glob holds it, so only a wildcard can have taken it. */
const ANY = '\u0000';

/**
 * Whether `outer` matches every name that `inner` does. Never true in error; it may be false for an `inner` that several
 * parts of `outer` cover together.
 */
export const globCovers = (outer: string, inner: string): boolean => {
  const matches = globMatcher(outer);
  const instance = (components: string): string =>
    inner
      .split('/')
      .map((part) => (part === '**' ? components : part.replaceAll('*', ANY)))
      .join('/');
  // What takes one component and two in the place of **, and no other text, is a ** itself.
  return matches(instance(ANY)) && matches(instance(`${ANY}/${ANY}`));
};

/** Whether there can be a name that both match. */
export const globsMeet = (a: string, b: string): boolean =>
  meet(componentsOf(a), componentsOf(b), (part) => part === ANY_NUMBER, componentsMeet);

const ONE = '**';
const ANY_NUMBER = '***';

/** `**` is one component and then any number of them. */
const componentsOf = (glob: string): readonly string[] =>
  glob.split('/').flatMap((part) => (part === '**' ? [ONE, ANY_NUMBER] : [part]));

const componentsMeet = (a: string, b: string): boolean =>
  a === ONE || b === ONE || meet([...a], [...b], (part) => part === '*', Object.is);

/**
 * Whether two lists can describe the same sequence: `repeats` names the elements that stand for any number of others, and
 * `same` says whether two that do not can be one. Each pair of places is looked at once.
 */
const meet = (
  a: readonly string[],
  b: readonly string[],
  repeats: (part: string) => boolean,
  same: (a: string, b: string) => boolean,
): boolean => {
  // ends[j]: what is left of `a` and of `b` from j on can meet; filled from the back.
  let ends: boolean[] = [];
  for (let i = a.length; i >= 0; i -= 1) {
    const row: boolean[] = [];
    for (let j = b.length; j >= 0; j -= 1) {
      const [left, right] = [a[i], b[j]];
      if (left === undefined && right === undefined) row[j] = true;
      else if (left !== undefined && repeats(left))
        row[j] = ends[j] === true || (right !== undefined && row[j + 1] === true);
      else if (right !== undefined && repeats(right))
        row[j] = row[j + 1] === true || (left !== undefined && ends[j] === true);
      else row[j] = left !== undefined && right !== undefined && same(left, right) && ends[j + 1] === true;
    }
    ends = row;
  }
  return ends[0] === true;
};
