import { Inject, Injectable } from '@nestjs/common';
import type { AuditOutcome } from '../audit/audit-event.js';
import { AuditLog } from '../audit/audit-log.js';
import { CLOCK, type Clock } from '../collections/service/collection-tokens.js';
import { DATABASE, type Db, type Tx } from '../database/database.js';
import type { Asked } from '../deletions/asked.js';
import { auditEventOf } from '../deletions/deletion-audit.js';
import type { DeletionRow } from '../deletions/deletion-view.js';
import type { DeletionView } from '../deletions/deletions.dto.js';
import { DeletionsService } from '../deletions/deletions.service.js';
import { DeletionsStore } from '../deletions/deletions.store.js';
import { SextonError } from '../errors/sexton-error.js';
import { Persons } from '../identity/persons.js';
import { mayAct } from '../identity/scope.js';
import { isApproved, isExpired, type Approval, type Decision } from './approval.js';
import type { Decide } from './approvals.dto.js';
import { ApprovalsStore } from './approvals.store.js';

type Verdict = Decision['decision'];

/** Other people's say about a deletion: each decision and what follows from it in one transaction, with its event. */
@Injectable()
export class ApprovalsService {
  constructor(
    @Inject(DATABASE) private readonly db: Db,
    private readonly store: ApprovalsStore,
    private readonly deletions: DeletionsService,
    private readonly states: DeletionsStore,
    private readonly persons: Persons,
    private readonly audit: AuditLog,
    @Inject(CLOCK) private readonly now: Clock,
  ) {}

  /**
   * Approves or rejects what waits for it. `second_person_required` for whoever asked for the deletion or approved it already, under
   * whatever key; a refused attempt is in the audit log as well.
   */
  async decide(asked: Asked, id: string, verdict: Verdict, request: Decide): Promise<DeletionView> {
    const { caller } = asked;
    const seen = await this.deletions.visible(caller, id);
    if (!mayAct(caller, 'delete', seen.registry, seen.repository)) {
      throw new SextonError('forbidden', {
        detail: `Your scopes let you see and not decide about ${seen.registry}/${seen.repository}`,
      });
    }
    try {
      const runs = await this.db.transaction().execute((tx) => this.record(tx, asked, id, verdict, request));
      if (runs) this.deletions.wake(seen);
    } catch (error) {
      if (error instanceof SextonError && error.code === 'second_person_required') {
        await this.tell(this.db, seen, asked, verdict, request.reason, 'refused', { code: error.code });
        // It has its event; the instance says so to whoever records refused requests.
        throw new SextonError(error.code, {
          detail: error.message,
          instance: `/v1/deletions/${id}`,
        });
      }
      throw error;
    }
    return this.deletions.get(asked, id);
  }

  /** Whether it may run now. */
  private async record(
    tx: Tx,
    asked: Asked,
    id: string,
    verdict: Verdict,
    request: Decide,
  ): Promise<boolean> {
    const row = await this.store.lock(tx, id);
    const before = row?.approval;
    if (!row || row.state !== 'awaiting_approval' || !before) {
      throw new SextonError('not_awaiting_approval', { detail: `Deletion ${id} is ${row?.state ?? 'gone'}` });
    }
    const now = new Date(this.now());
    if (isExpired(before, now.getTime())) {
      throw new SextonError('approval_expired', { detail: `It ended at ${before.expiresAt}` });
    }
    if (request.planHash !== undefined && request.planHash !== before.planHash) {
      throw new SextonError('plan_stale', { detail: `The plan of deletion ${id} is ${before.planHash}` });
    }
    await this.mustBeSomebodyElse(asked, row, before);
    const decision: Decision = {
      decision: verdict,
      by: { id: asked.caller.id, name: asked.caller.name },
      reason: request.reason,
      at: now.toISOString(),
    };
    const approval = { ...before, decisions: [...before.decisions, decision] };
    await this.store.save(tx, id, approval);
    const outcome = verdict === 'approved' && !isApproved(approval) ? 'accepted' : 'succeeded';
    await this.tell(tx, row, asked, verdict, request.reason, outcome, { approval });
    if (verdict === 'rejected') {
      await this.states.move(tx, id, 'rejected', { finishedAt: new Date() });
      return false;
    }
    if (!isApproved(approval)) return false;
    await this.states.move(tx, id, 'queued', { queuedAt: new Date() });
    const details = { planHash: approval.planHash };
    await this.audit.record(tx, auditEventOf(row, 'deletion.queued', 'accepted', { details }));
    return true;
  }

  private async mustBeSomebodyElse(
    { caller }: Asked,
    row: DeletionRow,
    { requesters, decisions }: Approval,
  ): Promise<void> {
    for (const id of requesters) {
      if ((await this.persons.mayBeOne(caller.id, id)) || (await this.persons.mayActThrough(caller.id, id))) {
        throw new SextonError('second_person_required', {
          detail: `Deletion ${row.id} was asked for by ${row.requested_by_name}, who counts as the same person as you`,
        });
      }
    }
    for (const { by } of decisions) {
      if (
        (await this.persons.mayBeOne(caller.id, by.id)) ||
        (await this.persons.mayBeOne(by.id, caller.id))
      ) {
        throw new SextonError('second_person_required', {
          detail: `${by.name}, who counts as the same person as you, has approved deletion ${row.id} already`,
        });
      }
    }
  }

  private async tell(
    db: Db,
    row: DeletionRow,
    { caller, requestId }: Asked,
    verdict: Verdict,
    reason: string,
    outcome: AuditOutcome,
    about: { readonly code?: string; readonly approval?: Approval },
  ): Promise<void> {
    const { code = null, approval } = about;
    const given = approval?.decisions.filter(({ decision }) => decision === 'approved').length;
    await this.audit.record(
      db,
      auditEventOf(row, `deletion.${verdict}`, outcome, {
        actor: caller,
        reason,
        requestId,
        code,
        details: approval
          ? { planHash: approval.planHash, approvals: given ?? 0, needed: approval.needed }
          : {},
      }),
    );
  }
}
