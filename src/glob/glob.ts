/**
 * Globs over names: `*` stands for any characters inside one path component, `**` as a whole component for one or more
 * components. So `team-a/**` is everything below team-a, and neither `team-a` itself nor `team-ab/x`.
 *
 * No regular expression: one made of a few `*` needs minutes for a long name that almost matches (measured with
 * picomatch: 68 s for `*a*a*a*a*ab` and 255 times `a`). Here the time is at most length of glob × length of name.
 */
export const globMatcher = (glob: string): ((name: string) => boolean) => {
  const wildcard = glob.indexOf('*');
  if (wildcard === -1) return (name) => name === glob;
  // Most names fail here, which keeps a long list of scopes cheap.
  const start = glob.slice(0, wildcard);
  const steps = stepsOf(glob.slice(wildcard));
  return (name) => name.startsWith(start) && matches(steps, name.slice(start.length));
};

type Takes = (character: string) => boolean;

interface Step {
  readonly takes: Takes;
  /** True where it takes any number of characters, also none; else it takes exactly one. */
  readonly repeats: boolean;
}

const anything: Takes = () => true;
const insideComponent: Takes = (character) => character !== '/';

const stepsOf = (glob: string): readonly Step[] =>
  (glob.match(/\*\*|[^]/g) ?? []).flatMap((part): Step[] => {
    if (part === '*') return [{ takes: insideComponent, repeats: true }];
    if (part !== '**') return [{ takes: (character) => character === part, repeats: false }];
    // A name has no empty component, so at least one character is at least one component.
    return [
      { takes: anything, repeats: false },
      { takes: anything, repeats: true },
    ];
  });

/** Follows every way through the steps at once: `at[i]` says that the characters so far led to step `i`. */
const matches = (steps: readonly Step[], name: string): boolean => {
  let at = withRepeats(steps, [true]);
  for (const character of name) {
    const next: boolean[] = [];
    steps.forEach((step, index) => {
      if (!at[index] || !step.takes(character)) return;
      next[step.repeats ? index : index + 1] = true;
    });
    at = withRepeats(steps, next);
  }
  return at[steps.length] ?? false;
};

/** Beside a step that repeats, the one after it: it may take nothing. */
const withRepeats = (steps: readonly Step[], at: boolean[]): boolean[] => {
  steps.forEach((step, index) => {
    if (at[index] && step.repeats) at[index + 1] = true;
  });
  return at;
};
