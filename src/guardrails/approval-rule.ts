import { globMatcher } from '../glob/glob.js';

/** When a deletion needs the consent of others. Every part that is there must be true (AND); null is not there. */
export interface ApprovalRule {
  readonly name: string;
  readonly registry: string | null;
  /** Glob over repositories. */
  readonly repository: string | null;
  /** Glob over tags: one tag that goes and matches is enough. */
  readonly tags: string | null;
  readonly targetsOver: number | null;
  /** Percent of the repository's tags that go. */
  readonly shareOver: number | null;
  readonly bytesOver: number | null;
  /** True: referrers go as well. */
  readonly referrers: boolean;
  /** How many people must approve. */
  readonly approvers: number;
  readonly expiresAfterMs: number;
}

/** What of a plan rules and limits look at. */
export interface PlanMeasures {
  readonly registry: string;
  readonly repository: string;
  readonly targets: number;
  /** Tags that go. */
  readonly tags: readonly string[];
  /** Tags that the repository has; null where a plan of an older version does not say. */
  readonly repositoryTags: number | null;
  readonly bytes: number;
  readonly referrers: number;
}

/** Why a deletion needs approval, and how much of it; kept with the deletion, whatever becomes of the rules. */
export interface ApprovalNeed {
  readonly rules: readonly { readonly name: string; readonly because: string }[];
  readonly approvers: number;
  readonly expiresAfterMs: number;
}

/** What the rules ask for: of several that meet, the most approvers and the shortest time. Null when none meets. */
export const approvalNeeded = (rules: readonly ApprovalRule[], plan: PlanMeasures): ApprovalNeed | null => {
  const met = rules.filter((rule) => meets(rule, plan));
  if (met.length === 0) return null;
  return {
    rules: met.map((rule) => ({ name: rule.name, because: becauseOf(rule, plan) })),
    approvers: Math.max(...met.map((rule) => rule.approvers)),
    expiresAfterMs: Math.min(...met.map((rule) => rule.expiresAfterMs)),
  };
};

/** Percent of the repository's tags that go. What is not known counts as all: doubt asks somebody. */
export const shareOf = ({ tags, repositoryTags }: PlanMeasures): number => {
  if (tags.length === 0) return 0;
  if (repositoryTags === null) return 100;
  return Math.min(100, (100 * tags.length) / Math.max(1, repositoryTags));
};

const meets = (rule: ApprovalRule, plan: PlanMeasures): boolean =>
  plan.targets > 0 &&
  (rule.registry === null || rule.registry === plan.registry) &&
  (rule.repository === null || globMatcher(rule.repository)(plan.repository)) &&
  (rule.tags === null || plan.tags.some(globMatcher(rule.tags))) &&
  (rule.targetsOver === null || plan.targets > rule.targetsOver) &&
  (rule.shareOver === null || shareOf(plan) > rule.shareOver) &&
  (rule.bytesOver === null || plan.bytes > rule.bytesOver) &&
  (!rule.referrers || plan.referrers > 0);

const becauseOf = (rule: ApprovalRule, plan: PlanMeasures): string => {
  const tag = rule.tags === null ? undefined : plan.tags.find(globMatcher(rule.tags));
  const parts = [
    ...(tag === undefined ? [] : [`tag ${tag} matches ${rule.tags}`]),
    ...(rule.targetsOver === null ? [] : [`${plan.targets} targets are more than ${rule.targetsOver}`]),
    ...(rule.shareOver === null
      ? []
      : [`${Math.round(shareOf(plan))} % of the repository's tags are more than ${rule.shareOver} %`]),
    ...(rule.bytesOver === null ? [] : [`${plan.bytes} bytes are more than ${rule.bytesOver}`]),
    ...(rule.referrers ? [`${plan.referrers} referrers would go`] : []),
  ];
  return parts.length > 0
    ? parts.join(', and ')
    : `every deletion in ${rule.registry ?? '*'}/${rule.repository ?? '**'}`;
};
