import { globMatcher } from '../glob/glob.js';
import type { Plan } from '../planning/plan.js';
import { goingTags, shareOf } from '../planning/share.js';

/** When a planned deletion needs other people to agree: all that it names must be true (AND). */
export interface ApprovalRule {
  readonly name: string;
  /** Null: in every registry. */
  readonly registry: string | null;
  /** Glob over repositories; null: in every one. */
  readonly repository: string | null;
  /** Glob over tags, of which one goes; null: whatever goes. */
  readonly tags: string | null;
  readonly targetsOver: number | null;
  /** Percent of the repository's tags. */
  readonly shareOver: number | null;
  readonly bytesOver: number | null;
  /** Only where signatures, SBOMs or the like go along. */
  readonly referrers: boolean;
  /** How many people must agree. */
  readonly approvers: number;
  readonly expiresAfterMs: number;
}

/** A rule that a plan meets, with the sentence that says why. */
export interface MetRule {
  readonly name: string;
  readonly because: string;
}

export interface ApprovalNeed {
  readonly approvers: number;
  readonly expiresAfterMs: number;
  readonly rules: readonly MetRule[];
}

interface Planned {
  readonly registry: string;
  readonly repository: string;
  readonly plan: Plan;
}

/** What the rules ask of a plan: the most approvers and the shortest time of those that it meets; null where none. */
export const approvalNeed = (planned: Planned, rules: readonly ApprovalRule[]): ApprovalNeed | null => {
  // What does nothing needs nobody.
  if (planned.plan.targets.length === 0) return null;
  const met = rules.flatMap((rule) => {
    const reasons = reasonsOf(rule, planned);
    return reasons === null ? [] : [{ rule, because: reasons.join(', and ') }];
  });
  if (met.length === 0) return null;
  return {
    approvers: Math.max(...met.map(({ rule }) => rule.approvers)),
    expiresAfterMs: Math.min(...met.map(({ rule }) => rule.expiresAfterMs)),
    rules: met.map(({ rule, because }) => ({ name: rule.name, because })),
  };
};

/** Why the rule is met, one reason for each thing that it names; null where it is not. */
const reasonsOf = (rule: ApprovalRule, { registry, repository, plan }: Planned): string[] | null => {
  if (rule.registry !== null && rule.registry !== registry) return null;
  if (rule.repository !== null && !globMatcher(rule.repository)(repository)) return null;
  const { targets, reclaimableBytes } = plan;
  const reasons: (string | null)[] = [];
  if (rule.tags !== null) {
    const tag = goingTags(targets).find(globMatcher(rule.tags));
    reasons.push(tag === undefined ? null : `tag ${tag} goes`);
  }
  if (rule.targetsOver !== null) {
    const isOver = targets.length > rule.targetsOver;
    reasons.push(isOver ? `${targets.length} targets are more than ${rule.targetsOver}` : null);
  }
  if (rule.shareOver !== null) {
    const share = shareOf(plan);
    const isOver = share > rule.shareOver;
    reasons.push(isOver ? `${Math.floor(share)} % of the tags go, more than ${rule.shareOver} %` : null);
  }
  if (rule.bytesOver !== null) {
    // What is not exact is at most so much: it may be over, and then somebody looks.
    const isOver = reclaimableBytes.value > rule.bytesOver;
    reasons.push(isOver ? `${reclaimableBytes.value} bytes are more than ${rule.bytesOver}` : null);
  }
  if (rule.referrers) {
    const count = targets.filter(({ because }) => because === 'referrer').length;
    reasons.push(count > 0 ? `${count} referrers go along` : null);
  }
  if (reasons.includes(null)) return null;
  const told = reasons.filter((reason) => reason !== null);
  return told.length > 0 ? told : [`everything in ${registry}/${repository} that it names`];
};
