import type { Plan, PlanTarget, Refusal } from './plan.js';

export interface PlanDifference {
  readonly reference: string;
  readonly message: string;
}

/** What a new plan of the same request would do otherwise, one sentence each. Empty when both do the same. */
export const planDifferences = (before: Plan, after: Plan): readonly PlanDifference[] => [
  ...before.targets
    .filter((old) => !after.targets.some((target) => sameThing(old, target)))
    .map((old) => ({
      reference: old.reference,
      message: `${old.reference} (${old.digest}) would no longer go`,
    })),
  ...after.targets
    .filter((target) => !before.targets.some((old) => sameThing(old, target)))
    .map((target) => ({
      reference: target.reference,
      message: `${target.reference} (${target.digest}) would go as well`,
    })),
  ...after.targets.flatMap((target) => {
    const old = before.targets.find((other) => sameThing(other, target));
    return old && old.tags.join() !== target.tags.join()
      ? [
          {
            reference: target.reference,
            message: `tags on ${target.digest} were ${list(old.tags)}, now ${list(target.tags)}`,
          },
        ]
      : [];
  }),
  ...after.refusals
    .filter((refusal) => !before.refusals.some((old) => sameRefusal(old, refusal)))
    .map((refusal) => ({ reference: refusal.reference, message: refusal.message })),
];

const sameThing = (a: PlanTarget, b: PlanTarget): boolean =>
  a.kind === b.kind && a.digest === b.digest && (a.kind === 'manifest' || a.reference === b.reference);

const sameRefusal = (a: Refusal, b: Refusal): boolean => a.reference === b.reference && a.code === b.code;

const list = (tags: readonly string[]): string => (tags.length === 0 ? 'none' : tags.join(', '));
