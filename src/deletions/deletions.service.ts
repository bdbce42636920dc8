import { Inject, Injectable } from '@nestjs/common';
import { Admission } from '../approvals/admission.js';
import { AuditLog } from '../audit/audit-log.js';
import { nextOpening } from '../collections/windows/open.js';
import { DATABASE, type Db } from '../database/database.js';
import { SextonError } from '../errors/sexton-error.js';
import type { Caller } from '../identity/caller.js';
import { mayAct, type ScopeAction } from '../identity/scope.js';
import { parseRegistryName, parseRepositoryName } from '../oci/names.js';
import { WorkStops } from '../pause/stops.js';
import { planDifferences } from '../planning/difference.js';
import { WAKE_UP_QUEUE, type WakeUp, type WakeUpQueue } from '../queue/wake-up-queue.js';
import { Registries } from '../registries/registries.js';
import { LOGGER, type Logger } from '../telemetry/logger.js';
import { Metrics } from '../telemetry/metrics.js';
import { TRACING, type Tracing } from '../telemetry/tracing/tracing.js';
import { auditEventOf } from './deletion-audit.js';
import { DeletionChanges } from './deletion-changes.js';
import type { Asked } from './asked.js';
import { isSettled } from './deletion-state.js';
import { deletionView, type DeletionRow } from './deletion-view.js';
import type { CreateDeletion, DeletionView, ListDeletions, RestoreDeletion } from './deletions.dto.js';
import { DeletionsQuery } from './deletions.query.js';
import { DeletionsStore } from './deletions.store.js';
import { DeletionIntake } from './deletion-intake.js';
import { awaitingEvent } from './planning-events.js';
import { PlanMaker } from './plan-maker.js';
import { RESTORABLE_UNTIL, type RestorableUntil } from './restorable-until.js';

/** Deletions as a resource: asking, reading, cancelling, executing a plan. The work itself is in execution/. */
@Injectable()
export class DeletionsService {
  constructor(
    @Inject(DATABASE) private readonly db: Db,
    private readonly audit: AuditLog,
    private readonly store: DeletionsStore,
    private readonly intake: DeletionIntake,
    private readonly query: DeletionsQuery,
    private readonly changes: DeletionChanges,
    private readonly plans: PlanMaker,
    private readonly admission: Admission,
    private readonly stops: WorkStops,
    private readonly registries: Registries,
    @Inject(RESTORABLE_UNTIL) private readonly restorableUntil: RestorableUntil,
    @Inject(WAKE_UP_QUEUE) private readonly queue: WakeUpQueue,
    private readonly metrics: Metrics,
    @Inject(LOGGER) private readonly log: Logger,
    @Inject(TRACING) private readonly tracing: Tracing,
  ) {}

  /**
   * Accepts a request durably, then waits up to `waitMs` for its plan. With an idempotency key that was used before
   * for the same body, it is the deletion of then; for another body `idempotency_key_reused`.
   */
  async create(
    asked: Asked,
    named: CreateDeletion,
    options: { readonly idempotencyKey: string | null; readonly waitMs: number },
  ): Promise<DeletionView> {
    const repository = this.registries.canonicalName(named.registry, named.repository);
    const request = { ...named, repository };
    this.mustBeAllowed(asked.caller, 'delete', request.registry, request.repository);
    if (request.runIn === 'window') this.mustHaveWindow(request.registry);
    const accepted = await this.intake.accept(asked, request, options.idempotencyKey);
    this.ring({ kind: 'plan', registry: request.registry, repository: request.repository });
    const isNew = 'id' in accepted;
    if (isNew && options.waitMs === 0) return this.view(accepted);
    const id = isNew ? accepted.id : accepted.askedBefore;
    const planned = await this.changes.waitFor(id, options.waitMs, asked.signal, async () => {
      const row = await this.store.find(id);
      return row && row.state !== 'planning' ? row : null;
    });
    return this.view(planned ?? (await this.existing(id)));
  }

  /** Waits up to `waitMs` until nothing more happens by itself; then the deletion as it stands. */
  async untilSettled(asked: Asked, id: string, waitMs: number): Promise<DeletionView> {
    await this.visible(asked.caller, id);
    await this.changes.waitFor(id, waitMs, asked.signal, async () => {
      const row = await this.store.find(id);
      return row && isSettled(row.state) ? row : null;
    });
    return this.view(await this.existing(id));
  }

  /** One page of the deletions that the caller may see, newest first. */
  async list(
    asked: Asked,
    query: ListDeletions,
  ): Promise<{ items: DeletionView[]; nextCursor: string | null }> {
    const { rows, nextCursor } = await this.query.list(query, (row) => this.maySee(asked.caller, row));
    const targets = await this.store.targetsOf(rows.map((row) => row.id));
    const stops = await this.stops.look();
    const items = rows.map((row) =>
      deletionView(
        row,
        targets.filter((target) => target.deletion_id === row.id),
        this.restorableUntil,
        stops,
      ),
    );
    return { items, nextCursor };
  }

  async get(asked: Asked, id: string): Promise<DeletionView> {
    return this.view(await this.visible(asked.caller, id));
  }

  /** Ends a deletion that has not begun; `not_cancellable` after that. */
  async cancel(asked: Asked, id: string, reason: string): Promise<DeletionView> {
    const row = await this.visible(asked.caller, id);
    this.mustBeAllowed(asked.caller, 'delete', row.registry, row.repository);
    await this.db.transaction().execute(async (tx) => {
      const moved = await this.store.move(tx, id, 'cancelled', { finishedAt: new Date() });
      if (!moved) {
        throw new SextonError('not_cancellable', { detail: `Deletion ${id} has begun or ended` });
      }
      await this.audit.record(
        tx,
        auditEventOf(row, 'deletion.cancelled', 'succeeded', {
          actor: asked.caller,
          reason,
          requestId: asked.requestId,
        }),
      );
    });
    return this.view(await this.existing(id));
  }

  /** Runs a dry run's plan exactly as it was shown; `plan_stale`, with the differences, when anything moved since. */
  async execute(asked: Asked, id: string): Promise<DeletionView> {
    const row = await this.visible(asked.caller, id);
    this.mustBeAllowed(asked.caller, 'delete', row.registry, row.repository);
    if (row.state !== 'planned' || !row.plan) {
      throw new SextonError('not_executable', { detail: `Deletion ${id} is ${row.state}` });
    }
    const plan = await this.plans.make(row, asked.signal);
    if (plan.hash !== row.plan.hash) {
      throw new SextonError('plan_stale', {
        detail: `The plan of deletion ${id} no longer describes the repository`,
        faults: planDifferences(row.plan, plan).map((difference) => ({ message: difference.message })),
      });
    }
    await this.db.transaction().execute(async (tx) => {
      const admitted = await this.admission.admit(tx, row, plan, asked.caller.id);
      if (admitted.to === 'refused') {
        throw new SextonError(admitted.refusal.code, { detail: admitted.refusal.message });
      }
      const { to, approval } = admitted;
      const change = {
        approval,
        executedBy: asked.caller.id,
        ...(to === 'queued' && { queuedAt: new Date() }),
      };
      const moved = await this.store.move(tx, id, to, change, ['planned']);
      if (!moved) throw new SextonError('not_executable', { detail: `Deletion ${id} is no longer planned` });
      await this.audit.record(
        tx,
        auditEventOf(row, 'deletion.executed', 'accepted', {
          actor: asked.caller,
          requestId: asked.requestId,
          details: { planHash: plan.hash },
        }),
      );
      if (approval) await this.audit.record(tx, awaitingEvent(row, approval));
    });
    this.wake(row);
    return this.view(await this.existing(id));
  }

  /**
   * Puts a deletion back. Accepted durably, done by the repository's only writer; waits up to `waitMs` for its end.
   * `not_restorable` when nothing was deleted, it was restored already, or blobs are gone.
   */
  async restore(
    asked: Asked,
    id: string,
    request: RestoreDeletion,
    waitMs: number,
  ): Promise<{ readonly deletion: DeletionView; readonly isDone: boolean }> {
    const row = await this.visible(asked.caller, id);
    this.mustBeAllowed(asked.caller, 'delete', row.registry, row.repository);
    const { id: callerId, name, address } = asked.caller;
    await this.db.transaction().execute(async (tx) => {
      const taken = await this.store.requestRestore(tx, id, {
        by: { id: callerId, name, address },
        reason: request.reason,
        requestId: asked.requestId,
        traceparent: this.tracing.traceparent(),
        overwriteTags: request.overwriteTags,
      });
      if (!taken) {
        throw new SextonError('not_restorable', {
          detail: `Deletion ${id} is ${row.state}, or is being restored`,
        });
      }
      await this.audit.record(
        tx,
        auditEventOf(row, 'deletion.restore_requested', 'accepted', {
          actor: asked.caller,
          reason: request.reason,
          requestId: asked.requestId,
          details: { overwriteTags: request.overwriteTags },
        }),
      );
    });
    this.wake(row);
    const done = await this.changes.waitFor(id, waitMs, asked.signal, async () => {
      const now = await this.store.find(id);
      return now && now.restore_request === null ? now : null;
    });
    const deletion = await this.view(await this.existing(id));
    if (done && deletion.state !== 'restored' && deletion.problem) {
      throw new SextonError(deletion.problem.code, {
        detail: deletion.problem.message,
        instance: `/v1/deletions/${id}`,
      });
    }
    return { deletion, isDone: done !== null };
  }

  /** The row, if the caller may see it; `not_found` otherwise, whether it exists or not. */
  async visible(caller: Caller, id: string): Promise<DeletionRow> {
    const row = await this.store.find(id);
    if (!row || !this.maySee(caller, row)) {
      throw new SextonError('not_found', { detail: `There is no deletion ${id.slice(0, 64)}` });
    }
    return row;
  }

  /** Tells the workers that there is something to do for the deletion. */
  wake(row: DeletionRow): void {
    this.ring({ kind: 'execute', ...repositoryOf(row) });
  }

  /**
   * Nobody's answer waits for the queue. A wake-up that could not be rung is not lost: the work stands in PostgreSQL and
   * the reconciler rings again.
   */
  private ring(wakeUp: WakeUp): void {
    this.queue.ring(wakeUp).catch((error: unknown) => {
      this.metrics.wakeUpNotRung(wakeUp.registry);
      this.log.warn({ err: error, ...wakeUp }, 'the queue took no wake-up; the reconciler will ring again');
    });
  }

  private async existing(id: string): Promise<DeletionRow> {
    const row = await this.store.find(id);
    if (!row) throw new SextonError('not_found', { detail: `There is no deletion ${id}` });
    return row;
  }

  private async view(row: DeletionRow): Promise<DeletionView> {
    const targets = row.plan ? await this.store.targetsOf([row.id]) : [];
    const stops = row.state === 'queued' ? await this.stops.look() : null;
    return deletionView(row, targets, this.restorableUntil, stops);
  }

  private mustHaveWindow(registry: string): void {
    const rules = this.stops.windowOf(registry);
    if (rules !== null && nextOpening(rules, this.stops.nowMs) !== null) return;
    throw new SextonError('no_window', { detail: `Registry ${registry} has no window to wait for` });
  }

  private maySee(caller: Caller, row: { readonly registry: string; readonly repository: string }): boolean {
    return mayAct(caller, 'read', row.registry, row.repository);
  }

  /** What the caller may not see does not exist for it; what it sees and may not delete is `forbidden`. */
  private mustBeAllowed(caller: Caller, action: ScopeAction, registry: string, repository: string): void {
    if (this.registries.has(parseRegistryName(registry)) && mayAct(caller, action, registry, repository))
      return;
    if (this.registries.has(parseRegistryName(registry)) && mayAct(caller, 'read', registry, repository)) {
      throw new SextonError('forbidden', { detail: `You may not ${action} in ${registry}/${repository}` });
    }
    throw new SextonError('unknown_registry', {
      detail: `There is no repository ${repository} in a registry named ${registry} that you may use`,
    });
  }
}

const repositoryOf = (row: DeletionRow) => ({
  registry: parseRegistryName(row.registry),
  repository: parseRepositoryName(row.repository),
});
