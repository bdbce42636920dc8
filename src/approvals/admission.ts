import { Inject, Injectable } from '@nestjs/common';
import { CLOCK, type Clock } from '../collections/service/collection-tokens.js';
import type { Tx } from '../database/database.js';
import type { DeletionRow } from '../deletions/deletion-view.js';
import { approvalNeeded } from '../guardrails/approval-rule.js';
import { GUARDRAILS, type Guardrails } from '../guardrails/guardrails.js';
import { approvalOverShare, bothNeeds, overDay, WHOLE_REQUEST } from '../guardrails/limits.js';
import { measuresOf } from '../guardrails/measures.js';
import { SpendingStore } from '../guardrails/spending.store.js';
import type { Plan, Refusal } from '../planning/plan.js';
import type { Approval } from './approval.js';

/** What becomes of a plan that nothing in the repository forbids. */
type Admitted =
  | { readonly to: 'queued'; readonly approval: null }
  | { readonly to: 'awaiting_approval'; readonly approval: Approval }
  | { readonly to: 'refused'; readonly refusal: Refusal };

/** Says of a planned deletion whether it may run, waits for people, or is more than its caller may delete in a day. */
@Injectable()
export class Admission {
  constructor(
    @Inject(GUARDRAILS) private readonly guardrails: Guardrails,
    private readonly spending: SpendingStore,
    @Inject(CLOCK) private readonly now: Clock,
  ) {}

  /**
   * Asked in the transaction that moves the deletion, so that of two that fit alone only one is taken. `executedBy`:
   * who wanted its dry run executed, and has asked for it as well.
   */
  async admit(tx: Tx, row: DeletionRow, plan: Plan, executedBy?: string): Promise<Admitted> {
    const { approvals, limits } = this.guardrails;
    const requesters = [...new Set([row.requested_by_id, executedBy ?? row.requested_by_id])];
    if (limits.targetsPerDay !== null) {
      // In one order, so that of two transactions none waits for the other's caller.
      for (const requester of requesters.toSorted()) {
        const spent = await this.spending.spent(tx, requester, row.id, new Date());
        const over = overDay(limits, spent, plan.targets.length);
        if (over) return { to: 'refused', refusal: { reference: WHOLE_REQUEST, ...over } };
      }
    }
    const measures = measuresOf(row, plan);
    const need = bothNeeds(approvalNeeded(approvals, measures), approvalOverShare(limits, measures));
    if (need === null) return { to: 'queued', approval: null };
    const approval = {
      planHash: plan.hash,
      requesters,
      needed: need.approvers,
      rules: need.rules,
      expiresAt: new Date(this.now() + need.expiresAfterMs).toISOString(),
      decisions: [],
    };
    return { to: 'awaiting_approval', approval };
  }
}
