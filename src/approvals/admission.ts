import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../collections/service/collection-tokens.js';
import type { Tx } from '../database/database.js';
import type { DeletionRow } from '../deletions/deletion-view.js';
import { LIMITS, refusalOfDay, type Limits } from '../limits/limits.js';
import { SpendingStore } from '../limits/spending.store.js';
import type { Plan, Refusal } from '../planning/plan.js';
import type { Approval } from './approval.js';
import { approvalNeed, type ApprovalRule } from './approval-rules.js';

/** Nest token of the configured `ApprovalRule`s. */
export const APPROVAL_RULES = Symbol('APPROVAL_RULES');

/** What becomes of a plan that nothing in the repository forbids. */
export type Admitted =
  | { readonly to: 'queued'; readonly approval: null }
  | { readonly to: 'awaiting_approval'; readonly approval: Approval }
  | { readonly to: 'refused'; readonly refusal: Refusal };

/** Says of a planned deletion whether it may run, waits for people, or is more than its caller may delete today. */
@Injectable()
export class Admission {
  constructor(
    @Inject(APPROVAL_RULES) private readonly rules: readonly ApprovalRule[],
    @Inject(LIMITS) private readonly limits: Limits,
    private readonly spending: SpendingStore,
    @Inject(CLOCK) private readonly now: Clock,
  ) {}

  /**
   * Asked in the transaction that moves the deletion, so that of two that fit alone only one is taken. `executedBy`:
   * who wanted its dry run executed.
   */
  async admit(tx: Tx, row: DeletionRow, plan: Plan, executedBy?: string): Promise<Admitted> {
    if (this.limits.targetsPerDay !== null) {
      const spent = await this.spending.spent(tx, row.requested_by_id, row.id, new Date());
      const refusal = refusalOfDay(plan.targets.length, spent, this.limits);
      if (refusal) return { to: 'refused', refusal };
    }
    const need = approvalNeed({ registry: row.registry, repository: row.repository, plan }, this.rules);
    if (need === null) return { to: 'queued', approval: null };
    const approval = {
      planHash: plan.hash,
      requesters: [...new Set([row.requested_by_id, executedBy ?? row.requested_by_id])],
      needed: need.approvers,
      rules: need.rules,
      expiresAt: new Date(this.now() + need.expiresAfterMs).toISOString(),
      decisions: [],
    };
    return { to: 'awaiting_approval', approval };
  }
}
