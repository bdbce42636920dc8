import type { ApprovalNeed } from '../guardrails/approval-rule.js';

export interface Decision {
  readonly decision: 'approved' | 'rejected';
  readonly by: { readonly id: string; readonly name: string };
  readonly reason: string;
  /** ISO 8601. */
  readonly at: string;
}

/** Why a deletion waits for people, as the rules were then, and what they said. Stored with the deletion. */
export interface Approval {
  /** The plan that is approved, and no other. */
  readonly planHash: string;
  /** Whoever asked for it, and whoever wanted its dry run executed: none of them approves. */
  readonly requesters: readonly string[];
  readonly needed: number;
  readonly rules: ApprovalNeed['rules'];
  /** ISO 8601. */
  readonly expiresAt: string;
  readonly decisions: readonly Decision[];
}

export const isApproved = ({ needed, decisions }: Approval): boolean =>
  decisions.filter(({ decision }) => decision === 'approved').length >= needed;

export const isExpired = ({ expiresAt }: Approval, nowMs: number): boolean => Date.parse(expiresAt) <= nowMs;
