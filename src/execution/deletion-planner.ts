import { AuditLog } from '../audit/audit-log.js';
import type { Db } from '../database/database.js';
import { auditEventOf } from '../deletions/deletion-audit.js';
import type { DeletionRow } from '../deletions/deletion-view.js';
import type { DeletionsStore } from '../deletions/deletions.store.js';
import type { PlanMaker } from '../deletions/plan-maker.js';
import { atTimes } from '../deletions/plan-progress.js';
import { SextonError } from '../errors/sexton-error.js';
import type { RegistryName, RepositoryName } from '../oci/names.js';
import type { Plan } from '../planning/plan.js';
import type { WakeUpQueue } from '../queue/wake-up-queue.js';
import type { Logger } from '../telemetry/logger.js';
import type { DeletionMetrics } from './deletion-metrics.js';
import { asSextonError, type RetryPolicy } from './retry-policy.js';

/** Plans what waits in `planning`. Reading only: two processes that plan the same deletion waste work, no more. */
export class DeletionPlanner {
  constructor(
    private readonly db: Db,
    private readonly store: DeletionsStore,
    private readonly plans: PlanMaker,
    private readonly audit: AuditLog,
    private readonly queue: WakeUpQueue,
    private readonly retries: RetryPolicy,
    private readonly metrics: DeletionMetrics,
    private readonly log: Logger,
  ) {}

  /** Plans every waiting deletion of the repository, oldest first, until none waits or `signal` is aborted. */
  async planRepository(
    registry: RegistryName,
    repository: RepositoryName,
    signal: AbortSignal,
  ): Promise<void> {
    for (;;) {
      const waiting = await this.store.waitingForPlan(registry, repository, new Date());
      if (waiting.length === 0) return;
      for (const row of waiting) {
        if (signal.aborted) return;
        await this.planOne(row, signal);
      }
    }
  }

  private async planOne(row: DeletionRow, signal: AbortSignal): Promise<void> {
    try {
      const plan = await this.plans.make(
        row,
        signal,
        atTimes((progress) => this.store.noteProgress(row.id, progress)),
      );
      await this.accept(row, plan);
    } catch (thrown) {
      if (signal.aborted) return;
      const error = asSextonError(thrown, (unexpected) =>
        this.log.error({ err: unexpected, deletion: row.id }, 'planning failed unexpectedly'),
      );
      await this.postponeOrFail(row, error);
    }
  }

  private async accept(row: DeletionRow, plan: Plan): Promise<void> {
    const now = new Date();
    const to = plan.refusals.length > 0 ? 'refused' : row.dry_run ? 'planned' : 'queued';
    const moved = await this.db.transaction().execute(async (tx) => {
      const won = await this.store.move(tx, row.id, to, {
        plan,
        problem: null,
        attempts: 0,
        notBefore: null,
        plannedAt: now,
        ...(to === 'queued' && { queuedAt: now }),
        ...(to === 'refused' && { finishedAt: now }),
      });
      if (!won) return false;
      await this.store.insertTargets(tx, row.id, plan);
      const details = { planHash: plan.hash, targets: plan.targets.length };
      if (to === 'refused') {
        for (const refusal of plan.refusals) {
          const { reference, code, message } = refusal;
          const event = auditEventOf(row, 'deletion.refused', 'refused', {
            reference,
            code,
            details: { message },
          });
          await this.audit.record(tx, event);
        }
      } else {
        const bytes = plan.reclaimableBytes.value;
        await this.audit.record(tx, auditEventOf(row, 'deletion.planned', 'succeeded', { bytes, details }));
        if (to === 'queued') {
          await this.audit.record(tx, auditEventOf(row, 'deletion.queued', 'accepted', { details }));
        }
      }
      return true;
    });
    if (!moved) return;
    this.log.info({ deletion: row.id, state: to, targets: plan.targets.length }, 'planned');
    if (to === 'refused') this.metrics.ended('refused');
    if (to === 'queued') await this.retries.ring(this.queue, 'execute', row);
  }

  private async postponeOrFail(row: DeletionRow, error: SextonError): Promise<void> {
    const decision = this.retries.decide(error, row.attempts, 'plan');
    const problem = {
      code: error.code,
      message: error.message,
      retryAt: decision.retryAt?.toISOString() ?? null,
    };
    this.log.warn({ deletion: row.id, code: error.code, retryAt: problem.retryAt }, 'could not plan');
    await this.db.transaction().execute(async (tx) => {
      if (decision.retryAt) {
        await this.store.postpone(tx, row.id, problem, row.attempts + 1, decision.retryAt);
        return;
      }
      const moved = await this.store.move(tx, row.id, 'failed', { problem, finishedAt: new Date() });
      if (!moved) return;
      await this.audit.record(
        tx,
        auditEventOf(row, 'deletion.finished', 'failed', {
          code: error.code,
          details: { message: error.message },
        }),
      );
      this.metrics.ended('failed');
    });
  }
}
