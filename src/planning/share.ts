import type { Plan, PlanTarget } from './plan.js';

/** Every tag that goes, each once. */
export const goingTags = (targets: readonly PlanTarget[]): readonly string[] => [
  ...new Set(targets.flatMap(({ tags }) => tags)),
];

/** How much of the repository's tags goes, in percent; 0 of a repository without tags. */
export const shareOf = ({ targets, tagsInRepository = 0 }: Plan): number =>
  tagsInRepository === 0 ? 0 : (100 * goingTags(targets).length) / tagsInRepository;
