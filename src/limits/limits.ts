import { hashOf } from '../planning/hash.js';
import type { Plan, Refusal } from '../planning/plan.js';
import type { PlanRequest } from '../planning/request.js';
import { shareOf } from '../planning/share.js';

/** Nest token of `Limits`. */
export const LIMITS = Symbol('LIMITS');

/** How much may go; null where there is no limit. */
export interface Limits {
  readonly targetsPerRequest: number | null;
  /** Percent of a repository's tags in one request. */
  readonly sharePerRequest: number | null;
  /** Targets of one caller on one day, UTC. */
  readonly targetsPerDay: number | null;
}

/** What is refused as a whole, and not for one of its references. */
export const WHOLE_REQUEST = '*';

/** The plan, refused where one request must not take so much. */
export const withinLimits = (plan: Plan, request: PlanRequest, limits: Limits): Plan => {
  const refusals = refusalsOfLimits(plan, limits);
  if (refusals.length === 0) return plan;
  const all = [...refusals, ...plan.refusals];
  return { ...plan, refusals: all, hash: hashOf(request, plan.targets, all) };
};

const refusalsOfLimits = (plan: Plan, { targetsPerRequest, sharePerRequest }: Limits): Refusal[] => {
  const refusals: Refusal[] = [];
  const count = plan.targets.length;
  if (targetsPerRequest !== null && count > targetsPerRequest) {
    refusals.push({
      reference: WHOLE_REQUEST,
      code: 'too_many_targets',
      message: `${count} tags and manifests would go; one request may take ${targetsPerRequest}`,
    });
  }
  const share = shareOf(plan);
  if (sharePerRequest !== null && share > sharePerRequest) {
    refusals.push({
      reference: WHOLE_REQUEST,
      code: 'share_too_large',
      message: `${Math.floor(share)} % of the repository's tags would go; one request may take ${sharePerRequest} %`,
    });
  }
  return refusals;
};

/** The refusal of a plan for which too little of the caller's day is left; null where it fits. */
export const refusalOfDay = (targets: number, spent: number, { targetsPerDay }: Limits): Refusal | null => {
  if (targetsPerDay === null || targets === 0 || spent + targets <= targetsPerDay) return null;
  return {
    reference: WHOLE_REQUEST,
    code: 'daily_limit_reached',
    message: `${targets} more would go; you may delete ${targetsPerDay} a day (UTC), and ${spent} are deleted or accepted today`,
  };
};
