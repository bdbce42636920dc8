import type { Admission } from '../approvals/admission.js';
import type { ApprovalsStore } from '../approvals/approvals.store.js';
import { ApprovalExpirer } from '../approvals/expirer.js';
import { AuditLog } from '../audit/audit-log.js';
import type { Db } from '../database/database.js';
import type { DeletionsStore } from '../deletions/deletions.store.js';
import type { PlanMaker } from '../deletions/plan-maker.js';
import type { HoldsInForce } from '../holds/holds-in-force.js';
import { registryNameSchema } from '../oci/names.js';
import type { WakeUpQueue } from '../queue/wake-up-queue.js';
import type { WorkStops } from '../pause/stops.js';
import type { Registries } from '../registries/registries.js';
import type { Logger } from '../telemetry/logger.js';
import type { Tracing } from '../telemetry/tracing/tracing.js';
import type { WithBlobs } from './blob-keeper.js';
import { DeletionExecutor } from './deletion-executor.js';
import type { DeletionMetrics } from './deletion-metrics.js';
import { DeletionPlanner } from './deletion-planner.js';
import { Reconciler } from './reconciler.js';
import { Restorer } from './restorer.js';
import { RetryPolicy } from './retry-policy.js';
import { TargetExecutor } from './target-executor.js';
import { Workers } from './workers.js';

interface Parts {
  readonly db: Db;
  readonly store: DeletionsStore;
  readonly plans: PlanMaker;
  readonly admission: Admission;
  readonly approvals: ApprovalsStore;
  readonly stops: WorkStops;
  readonly now: () => number;
  readonly holds: HoldsInForce;
  readonly audit: AuditLog;
  readonly queue: WakeUpQueue;
  readonly registries: Registries;
  readonly metrics: DeletionMetrics;
  readonly tracing: Tracing;
  readonly log: Logger;
  readonly withBlobs: WithBlobs;
  readonly worker: string;
  readonly limits: {
    readonly planAttempts: number;
    readonly targetAttempts: number;
    readonly retryBaseMs: number;
    readonly retryMaxMs: number;
    readonly reconcileEveryMs: number;
  };
}

/** The workers, put together. */
export const createWorkers = (parts: Parts): Workers => {
  const { db, store, plans, holds, stops, audit, queue, registries, metrics, log, worker } = parts;
  const { limits, tracing, withBlobs } = parts;
  const warn = (error: unknown): void => log.warn({ err: error }, 'the queue took no wake-up');
  const retries = new RetryPolicy(limits, warn);
  const planner = new DeletionPlanner(
    db,
    store,
    plans,
    parts.admission,
    stops,
    audit,
    queue,
    retries,
    metrics,
    tracing,
    log,
  );
  const targets = new TargetExecutor(plans.manifests);
  const restorer = new Restorer(store, registries, audit, retries, withBlobs, log, worker);
  const executor = new DeletionExecutor(
    db,
    store,
    plans,
    stops,
    registries,
    holds,
    audit,
    targets,
    restorer,
    retries,
    metrics,
    tracing,
    log,
    worker,
    parts.now,
  );
  const isConfigured = (name: string): boolean => {
    const parsed = registryNameSchema.safeParse(name);
    return parsed.success && registries.has(parsed.data);
  };
  const expirer = new ApprovalExpirer(db, parts.approvals, store, audit, parts.now, () =>
    metrics.ended('expired'),
  );
  const reconciler = new Reconciler(
    db,
    queue,
    isConfigured,
    stops,
    expirer,
    limits.reconcileEveryMs,
    (error) => log.warn({ err: error }, 'could not reconcile; trying again'),
  );
  return new Workers(queue, planner, executor, reconciler);
};
