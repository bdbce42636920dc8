import { shareOf, type ApprovalNeed, type PlanMeasures } from './approval-rule.js';

/** How much one request, and one caller in a day, may delete. Null is no limit. */
export interface Limits {
  readonly targetsPerRequest: number | null;
  /** Percent of a repository's tags; `over` says what becomes of a request above it. */
  readonly share: { readonly percent: number; readonly over: 'approval' | 'refuse' } | null;
  readonly targetsPerDay: number | null;
  /** How long somebody may take to approve a request over `share`. */
  readonly approvalExpiresAfterMs: number;
}

export const NO_LIMITS: Limits = {
  targetsPerRequest: null,
  share: null,
  targetsPerDay: null,
  approvalExpiresAfterMs: 3 * 86_400_000,
};

/** What is refused as a whole, and not for one of its references. */
export const WHOLE_REQUEST = '*';

/** Why a request is too much. */
export interface Over {
  readonly code: 'too_many_targets' | 'share_too_large' | 'daily_limit_reached';
  readonly message: string;
}

/** Why one request is too much by itself; null when it is not. */
export const overLimit = ({ targetsPerRequest, share }: Limits, plan: PlanMeasures): Over | null => {
  if (targetsPerRequest !== null && plan.targets > targetsPerRequest) {
    return {
      code: 'too_many_targets',
      message: `${plan.targets} targets are more than the ${targetsPerRequest} that one request may have (limits.targetsPerRequest); split it`,
    };
  }
  if (share?.over === 'refuse' && shareOf(plan) > share.percent) {
    return {
      code: 'share_too_large',
      message: `${sentence(share.percent, plan)} that one request may take (limits.share)`,
    };
  }
  return null;
};

/** The approval that a request over the share needs, where that is what `over` says. */
export const approvalOverShare = (
  { share, approvalExpiresAfterMs }: Limits,
  plan: PlanMeasures,
): ApprovalNeed | null =>
  share?.over === 'approval' && shareOf(plan) > share.percent
    ? {
        rules: [{ name: 'limits.share', because: `${sentence(share.percent, plan)} of limits.share` }],
        approvers: 1,
        expiresAfterMs: approvalExpiresAfterMs,
      }
    : null;

/** Why the day's targets are used up: `used` are those of one caller in the last 24 hours. Null while they are not. */
export const overDay = ({ targetsPerDay }: Limits, used: number, targets: number): Over | null =>
  targetsPerDay !== null && targets > 0 && used + targets > targetsPerDay
    ? {
        code: 'daily_limit_reached',
        message: `${targets} targets and the ${used} of the last 24 hours are more than the ${targetsPerDay} that one caller may delete in a day (limits.targetsPerDay)`,
      }
    : null;

/** Both needs at once: the most approvers, the shortest time. */
export const bothNeeds = (a: ApprovalNeed | null, b: ApprovalNeed | null): ApprovalNeed | null => {
  if (a === null || b === null) return a ?? b;
  return {
    rules: [...a.rules, ...b.rules],
    approvers: Math.max(a.approvers, b.approvers),
    expiresAfterMs: Math.min(a.expiresAfterMs, b.expiresAfterMs),
  };
};

const sentence = (percent: number, plan: PlanMeasures): string =>
  `${Math.round(shareOf(plan))} % of the repository's tags are more than the ${percent} %`;
