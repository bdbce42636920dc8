import { AuditLog } from '../audit/audit-log.js';
import type { Admission } from '../approvals/admission.js';
import type { Db, Tx } from '../database/database.js';
import { auditEventOf } from '../deletions/deletion-audit.js';
import type { DeletionRow } from '../deletions/deletion-view.js';
import type { DeletionsStore } from '../deletions/deletions.store.js';
import type { PlanMaker } from '../deletions/plan-maker.js';
import { planningEvents, type Following } from '../deletions/planning-events.js';
import { atTimes } from '../deletions/plan-progress.js';
import { SextonError } from '../errors/sexton-error.js';
import type { RegistryName, RepositoryName } from '../oci/names.js';
import type { WorkStops } from '../pause/stops.js';
import type { Plan } from '../planning/plan.js';
import type { WakeUpQueue } from '../queue/wake-up-queue.js';
import type { Logger } from '../telemetry/logger.js';
import type { Tracing } from '../telemetry/tracing/tracing.js';
import type { DeletionMetrics } from './deletion-metrics.js';
import { asSextonError, type RetryPolicy } from './retry-policy.js';
import { inDeletionSpan } from './deletion-span.js';

/**
 * The planner answers for these alone: its own commit may have gone through although its answer was lost, or another
 * process have planned meanwhile, and what is queued or running is not its business any more.
 */
const UNPLANNED = ['planning'] as const;

/** Plans what waits in `planning`. Reading only: two processes that plan the same deletion waste work, no more. */
export class DeletionPlanner {
  constructor(
    private readonly db: Db,
    private readonly store: DeletionsStore,
    private readonly plans: PlanMaker,
    private readonly admission: Admission,
    private readonly stops: WorkStops,
    private readonly audit: AuditLog,
    private readonly queue: WakeUpQueue,
    private readonly retries: RetryPolicy,
    private readonly metrics: DeletionMetrics,
    private readonly tracing: Tracing,
    private readonly log: Logger,
  ) {}

  /** Plans every waiting deletion of the repository, oldest first, until none waits or `signal` is aborted. */
  async planRepository(
    registry: RegistryName,
    repository: RepositoryName,
    signal: AbortSignal,
  ): Promise<void> {
    for (;;) {
      // Planning only reads, so a pause leaves it alone; a registry that does not answer is left alone.
      if ((await this.stops.look()).isParked(registry)) return;
      const waiting = await this.store.waitingForPlan(registry, repository, new Date());
      if (waiting.length === 0) return;
      for (const row of waiting) {
        if (signal.aborted) return;
        await inDeletionSpan(this.tracing, 'plan', row, row.created_at, () => this.planOne(row, signal));
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

  private async accept(row: DeletionRow, made: Plan): Promise<void> {
    const now = new Date();
    const accepted = await this.db.transaction().execute(async (tx) => {
      const { to, plan, approval } = await this.whatFollows(tx, row, made);
      const planned = {
        plan,
        approval,
        problem: null,
        attempts: 0,
        notBefore: null,
        plannedAt: now,
        ...(to === 'queued' && { queuedAt: now }),
        ...(to === 'refused' && { finishedAt: now }),
      };
      const won = await this.store.move(tx, row.id, to, planned, UNPLANNED);
      if (!won) return null;
      await this.store.insertTargets(tx, row.id, plan);
      for (const event of planningEvents(row, to, plan, approval)) await this.audit.record(tx, event);
      return to;
    });
    if (accepted === null) return;
    const ids = { deletion: row.id, request: row.request_id };
    this.log.info({ ...ids, state: accepted, targets: made.targets.length }, 'planned');
    if (accepted === 'refused') this.metrics.ended('refused');
    if (accepted === 'queued') await this.retries.ring(this.queue, 'execute', row);
  }

  private async whatFollows(tx: Tx, row: DeletionRow, plan: Plan): Promise<Following> {
    if (plan.refusals.length > 0) return { to: 'refused', plan, approval: null };
    if (row.dry_run) return { to: 'planned', plan, approval: null };
    const admitted = await this.admission.admit(tx, row, plan);
    if (admitted.to !== 'refused') return { ...admitted, plan };
    return { to: 'refused', plan: { ...plan, refusals: [admitted.refusal] }, approval: null };
  }

  private async postponeOrFail(row: DeletionRow, error: SextonError): Promise<void> {
    const parkedUntil = await this.retries.parkWhereLeftAlone(this.stops, row.registry, error);
    const decision = parkedUntil
      ? { retryAt: parkedUntil, attempts: row.attempts }
      : this.retries.decide(error, row.attempts, 'plan');
    const problem = {
      code: error.code,
      message: error.message,
      retryAt: decision.retryAt?.toISOString() ?? null,
    };
    this.log.warn({ deletion: row.id, code: error.code, retryAt: problem.retryAt }, 'could not plan');
    await this.db.transaction().execute(async (tx) => {
      if (decision.retryAt) {
        await this.store.postpone(tx, row.id, problem, decision.attempts, decision.retryAt, UNPLANNED);
        return;
      }
      const ended = { problem, finishedAt: new Date() };
      const moved = await this.store.move(tx, row.id, 'failed', ended, UNPLANNED);
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
