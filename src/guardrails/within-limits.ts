import { hashOf } from '../planning/hash.js';
import type { Plan } from '../planning/plan.js';
import type { PlanRequest } from '../planning/request.js';
import { overLimit, WHOLE_REQUEST, type Limits } from './limits.js';
import { measuresOf } from './measures.js';

/** The plan, refused as a whole where it is more than one request may take. */
export const withinLimits = (
  place: { readonly registry: string; readonly repository: string },
  plan: Plan,
  request: PlanRequest,
  limits: Limits,
): Plan => {
  const over = overLimit(limits, measuresOf(place, plan));
  if (over === null) return plan;
  const refusals = [{ reference: WHOLE_REQUEST, ...over }, ...plan.refusals];
  return { ...plan, refusals, hash: hashOf(request, plan.targets, refusals) };
};
