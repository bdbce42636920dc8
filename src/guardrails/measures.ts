import type { Plan } from '../planning/plan.js';
import type { PlanMeasures } from './approval-rule.js';

/** What rules and limits look at of a deletion's plan. */
export const measuresOf = (
  { registry, repository }: { readonly registry: string; readonly repository: string },
  { targets, tagsInRepository, reclaimableBytes }: Plan,
): PlanMeasures => ({
  registry,
  repository,
  targets: targets.length,
  tags: [...new Set(targets.flatMap(({ tags }) => tags))],
  repositoryTags: tagsInRepository ?? null,
  bytes: reclaimableBytes.value,
  referrers: targets.filter(({ because }) => because === 'referrer').length,
});
