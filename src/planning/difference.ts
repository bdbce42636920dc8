import type { Plan, PlanTarget, Refusal } from './plan.js';

export interface PlanDifference {
  readonly reference: string;
  readonly message: string;
}

/**
 * What a new plan of the same request would do otherwise, one sentence each. Empty exactly when both do the same, so
 * that `plan_stale` never comes without saying why.
 */
export const planDifferences = (before: Plan, after: Plan): readonly PlanDifference[] => {
  const beforehand = new Map(before.targets.map((target) => [thing(target), target]));
  const afterwards = new Set(after.targets.map(thing));
  const differences = [
    ...before.targets
      .filter((old) => !afterwards.has(thing(old)))
      .map((old) => about(old, `${named(old)} would no longer go`)),
    ...after.targets.flatMap((target) => {
      const old = beforehand.get(thing(target));
      return old ? changes(old, target) : [about(target, `${named(target)} would go as well`)];
    }),
    ...before.refusals
      .filter((old) => !after.refusals.some((refusal) => refusal.reference === old.reference))
      .map((old) => about(old, `${old.reference} is no longer refused (${old.code})`)),
    ...after.refusals
      .filter((refusal) => !before.refusals.some((old) => sameRefusal(old, refusal)))
      .map((refusal) => about(refusal, refusal.message)),
  ];
  if (differences.length > 0 || before.hash === after.hash) return differences;
  const [first] = after.targets;
  return [
    {
      reference: first?.reference ?? '',
      message: 'The same would go in another order, or the request differs',
    },
  ];
};

const changes = (old: PlanTarget, target: PlanTarget): PlanDifference[] => [
  ...(sameList(old.tags, target.tags)
    ? []
    : [about(target, `tags on ${target.digest} were ${list(old.tags)}, now ${list(target.tags)}`)]),
  ...(old.because === target.because && old.cause === target.cause
    ? []
    : [about(target, `${named(target)} would go ${why(target)}, not ${why(old)}`)]),
];

const about = ({ reference }: { readonly reference: string }, message: string): PlanDifference => ({
  reference,
  message,
});

const named = ({ reference, digest }: PlanTarget): string =>
  reference === digest ? digest : `${reference} (${digest})`;

const why = ({ because, cause }: PlanTarget): string =>
  cause === null ? `as ${because}` : `as ${because} of ${cause}`;

/** What tells targets apart: a manifest by its digest, a tag by its name as well. */
const thing = ({ kind, digest, reference }: PlanTarget): string =>
  kind === 'manifest' ? digest : `${reference}@${digest}`;

const sameRefusal = (a: Refusal, b: Refusal): boolean =>
  a.reference === b.reference &&
  a.code === b.code &&
  sameList(a.tags ?? [], b.tags ?? []) &&
  sameList(a.parents ?? [], b.parents ?? []);

const sameList = (a: readonly string[], b: readonly string[]): boolean => a.join() === b.join();

const list = (tags: readonly string[]): string => (tags.length === 0 ? 'none' : tags.join(', '));
