import type { ApprovalRule } from './approval-rule.js';
import type { Hold } from './hold.js';
import type { Limits } from './limits.js';

/** What sexton.yaml says against mistakes. */
export interface Guardrails {
  readonly holds: readonly Hold[];
  readonly approvals: readonly ApprovalRule[];
  readonly limits: Limits;
}

/** Nest token of the `Guardrails`. */
export const GUARDRAILS = Symbol('GUARDRAILS');
