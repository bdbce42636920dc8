import type { Db } from '../database/database.js';
import { isApproved } from '../approvals/approval.js';
import type { AuditLog } from '../audit/audit-log.js';
import { auditEventOf } from '../deletions/deletion-audit.js';
import { finalState, type TargetOutcome } from '../deletions/deletion-state.js';
import type { DeletionRow, TargetRow } from '../deletions/deletion-view.js';
import type { DeletionsStore } from '../deletions/deletions.store.js';
import type { PlanMaker } from '../deletions/plan-maker.js';
import type { Hold } from '../guardrails/hold.js';
import type { HoldsInForce } from '../holds/holds-in-force.js';
import type { Digest } from '../oci/digest.js';
import type { PlanTarget } from '../planning/plan.js';
import { isSeen } from '../planning/snapshot.js';
import { SextonError } from '../errors/sexton-error.js';
import {
  parseRegistryName,
  parseRepositoryName,
  type RegistryName,
  type RepositoryName,
} from '../oci/names.js';
import type { WorkStops } from '../pause/stops.js';
import type { Registries } from '../registries/registries.js';
import type { Logger } from '../telemetry/logger.js';
import type { Tracing } from '../telemetry/tracing/tracing.js';
import { withGrace } from './grace.js';
import type { DeletionMetrics } from './deletion-metrics.js';
import { inDeletionSpan, inTargetSpan } from './deletion-span.js';
import { keepBeforehand } from './keep-beforehand.js';
import { withRepositoryClaim, type RepositoryClaim } from './repository-claim.js';
import { goneDigests, isGone } from './gone.js';
import type { Restorer } from './restorer.js';
import { asSextonError, type RetryPolicy } from './retry-policy.js';
import { TargetExecutor, type TargetResult, type TargetWork } from './target-executor.js';

/** The repository is looked at anew after so long, or after ten times what a look takes: somebody may push at any time. */
const LOOK_AGAIN_MS = 5_000;
const LOOK_AGAIN_TIMES = 10;

/** Carries out what is queued: one repository at a time per claim, one deletion at a time, one target at a time. */
export class DeletionExecutor {
  constructor(
    private readonly db: Db,
    private readonly store: DeletionsStore,
    private readonly plans: PlanMaker,
    private readonly stops: WorkStops,
    private readonly registries: Registries,
    private readonly holds: HoldsInForce,
    private readonly audit: AuditLog,
    private readonly targets: TargetExecutor,
    private readonly restorer: Restorer,
    private readonly retries: RetryPolicy,
    private readonly metrics: DeletionMetrics,
    private readonly tracing: Tracing,
    private readonly log: Logger,
    private readonly worker: string,
    private readonly now: () => number,
  ) {}

  /** Works off the repository's ready deletions as its only writer; returns at once when another process is that. */
  async executeRepository(
    registry: RegistryName,
    repository: RepositoryName,
    signal: AbortSignal,
  ): Promise<void> {
    await withRepositoryClaim(this.db, registry, repository, async (claim) => {
      while (!signal.aborted) {
        const stops = await this.stops.look(claim.db);
        const isWindowOpen = stops.isWindowOpen(registry);
        const row = await this.store.oldestReady(claim.db, registry, repository, new Date(), isWindowOpen);
        if (row?.state === 'running' && stops.of(row)) {
          // Left behind by a process that died; it waits like the rest.
          await this.handBack(claim, row);
          continue;
        }
        if (stops.ofRegistry(registry)) return;
        if (row) {
          const begin = () => this.execute(claim, row, signal);
          await inDeletionSpan(this.tracing, 'execute', row, row.queued_at, begin);
          continue;
        }
        const restore = await this.store.oldestRestore(claim.db, registry, repository, new Date());
        if (!restore) return;
        await inDeletionSpan(this.tracing, 'restore', restore, null, () =>
          this.restorer.restore(claim, restore, signal),
        );
      }
    });
  }

  private async execute(claim: RepositoryClaim, row: DeletionRow, signal: AbortSignal): Promise<void> {
    const { plan, approval } = row;
    if (!plan) throw new Error(`deletion ${row.id} is ${row.state} without a plan`);
    if (row.state === 'queued' && !(await this.begin(claim, row))) return;
    if (approval && (approval.planHash !== plan.hash || !isApproved(approval))) {
      await this.giveUp(claim, row, new SextonError('approval_required'));
      return;
    }
    // A stop is obeyed between targets: the one that is under way is finished, never cut off in the middle.
    const finishing = withGrace(signal);
    // A claim that is lost cuts it off at once: another process may be at work in the repository by then.
    const atWork = AbortSignal.any([finishing.signal, claim.lost]);
    try {
      const registry = this.registries.get(parseRegistryName(row.registry));
      const results = await this.store.targetsOf([row.id], claim.db);
      let seen = await this.look(claim, row, plan.targets, results, signal);
      await keepBeforehand({ claim, row, registry, signal }, plan.targets, results);
      for (const [position, target] of plan.targets.entries()) {
        const result = results[position];
        if (!result || result.outcome !== null) continue;
        if (signal.aborted || (await this.stops.look(claim.db)).of(row)) {
          await this.handBack(claim, row);
          return;
        }
        if (this.now() > seen.untilMs) seen = await this.look(claim, row, plan.targets, results, signal);
        const done = await inTargetSpan(this.tracing, result, async () => {
          for (;;) {
            const ended = await this.targets.execute({
              ...{ claim, row, target, targets: plan.targets, result, registry, ...seen },
              signal: atWork,
            });
            if (ended !== null) return ended;
            // Holds changed meanwhile.
            seen = await this.look(claim, row, plan.targets, results, signal);
          }
        });
        await this.finishTarget(claim, row, result, done);
        results[position] = { ...result, outcome: done.outcome };
        if (isGone(target, done.outcome)) seen.gone.add(target.digest);
      }
      await this.finish(
        claim,
        row,
        results.map((r) => r.outcome).filter((o) => o !== null),
      );
    } catch (thrown) {
      if (signal.aborted) {
        await this.handBack(claim, row);
        return;
      }
      const error = asSextonError(thrown, (unexpected) =>
        this.log.error({ err: unexpected, deletion: row.id }, 'execution failed unexpectedly'),
      );
      await this.postponeOrFail(claim, row, error);
    } finally {
      finishing.dispose();
    }
  }

  /** The repository and the holds on it as they are now. Holds first: what comes after them is seen as a change. */
  private async look(
    claim: RepositoryClaim,
    row: DeletionRow,
    targets: readonly PlanTarget[],
    results: readonly TargetRow[],
    signal: AbortSignal,
  ): Promise<Seen> {
    const beganMs = this.now();
    const inForce = () =>
      this.holds.on(parseRegistryName(row.registry), parseRepositoryName(row.repository), claim.db);
    const holds = await inForce();
    const gone = goneDigests(targets, results);
    const snapshot = await this.plans.snapshotFor(row, targets, gone, holds, signal);
    // Somebody pushed it again.
    for (const digest of gone) if (isSeen(snapshot, digest)) gone.delete(digest);
    const ids = idsOf(holds);
    const nowMs = this.now();
    const untilMs = nowMs + Math.max(LOOK_AGAIN_MS, LOOK_AGAIN_TIMES * (nowMs - beganMs));
    return { untilMs, holds, snapshot, gone, holdsAreTheSame: async () => idsOf(await inForce()) === ids };
  }

  private async begin(claim: RepositoryClaim, row: DeletionRow): Promise<boolean> {
    const began = await claim.db.transaction().execute(async (tx) => {
      const moved = await this.store.move(tx, row.id, 'running', {
        startedAt: row.started_at ?? new Date(),
        notBefore: null,
      });
      if (moved && row.started_at === null) {
        const details = { worker: this.worker };
        await this.audit.record(tx, auditEventOf(row, 'deletion.started', 'accepted', { details }));
      }
      return moved;
    });
    if (began)
      this.log.info(
        { deletion: row.id, request: row.request_id, registry: row.registry, repository: row.repository },
        'started',
      );
    return began;
  }

  private async finishTarget(
    claim: RepositoryClaim,
    row: DeletionRow,
    result: TargetRow,
    done: TargetResult,
  ): Promise<void> {
    // In one statement: there is one for every image.
    const ended = claim.db.with('ended', (cte) =>
      cte
        .updateTable('deletion_targets')
        .set({ outcome: done.outcome, code: done.code, message: done.message, finished_at: new Date() })
        .where('deletion_id', '=', row.id)
        .where('position', '=', result.position)
        .where('outcome', 'is', null),
    );
    const changes =
      row.attempts === 0 && !row.problem
        ? ended
        : ended.with('forgiven', (cte) =>
            cte.updateTable('deletions').set({ attempts: 0, problem: null }).where('id', '=', row.id),
          );
    const event = this.audit.rowOf(
      auditEventOf(row, `target.${done.outcome}`, AUDIT_OUTCOME[done.outcome], {
        reference: result.reference,
        digest: result.digest,
        code: done.code,
        details: {
          worker: this.worker,
          ...(done.tags && { tags: [...done.tags] }),
          ...(done.message && { message: done.message }),
        },
      }),
    );
    await changes.insertInto('audit_events').values(event).execute();
    await this.store.announce(claim.db, row.id);
    this.metrics.targetEnded(done.outcome);
  }

  private async finish(
    claim: RepositoryClaim,
    row: DeletionRow,
    outcomes: readonly TargetOutcome[],
  ): Promise<void> {
    const state = finalState(outcomes);
    await claim.db.transaction().execute(async (tx) => {
      await this.store.move(tx, row.id, state, { finishedAt: new Date(), problem: null });
      const outcome = state === 'failed' ? 'failed' : 'succeeded';
      const details = { worker: this.worker, state, targets: outcomes.length };
      // What was planned, and only where all of it went: a part of the targets frees an unknown part of the bytes.
      const bytes = state === 'succeeded' ? (row.plan?.reclaimableBytes.value ?? null) : null;
      await this.audit.record(tx, auditEventOf(row, 'deletion.finished', outcome, { bytes, details }));
    });
    this.metrics.ended(state);
    const ids = { deletion: row.id, request: row.request_id };
    this.log.info({ ...ids, state, targets: outcomes.length }, 'finished');
  }

  /** Puts the rest back at the head of the queue, as when Sexton stops or is paused; who comes next takes it from there. */
  private async handBack(claim: RepositoryClaim, row: DeletionRow): Promise<void> {
    await this.store.move(claim.db, row.id, 'queued');
    this.log.info({ deletion: row.id }, 'handed back');
  }

  private async postponeOrFail(claim: RepositoryClaim, row: DeletionRow, error: SextonError): Promise<void> {
    const parkedUntil = await this.retries.parkWhereLeftAlone(this.stops, row.registry, error);
    const decision = parkedUntil
      ? { retryAt: parkedUntil, attempts: row.attempts }
      : this.retries.decide(error, row.attempts, 'execute');
    const problem = {
      code: error.code,
      message: error.message,
      retryAt: decision.retryAt?.toISOString() ?? null,
    };
    this.log.warn({ deletion: row.id, code: error.code, retryAt: problem.retryAt }, 'could not go on');
    if (decision.retryAt) {
      const { retryAt, attempts } = decision;
      await claim.db.transaction().execute(async (tx) => {
        await this.store.move(tx, row.id, 'queued');
        await this.store.postpone(tx, row.id, problem, attempts, retryAt, ['queued']);
      });
      return;
    }
    await this.giveUp(claim, row, error);
  }

  /** What has no outcome yet failed with this error; what was done stays done. */
  private async giveUp(claim: RepositoryClaim, row: DeletionRow, error: SextonError): Promise<void> {
    const results = await this.store.targetsOf([row.id], claim.db);
    for (const result of results.filter((r) => r.outcome === null)) {
      const failed = { outcome: 'failed', code: error.code, message: error.message } as const;
      await this.finishTarget(claim, row, result, failed);
    }
    await this.finish(
      claim,
      row,
      results.map((r) => r.outcome ?? 'failed'),
    );
  }
}

/** `untilMs`: when it is too old to go by. `gone` grows with what goes after it. */
type Seen = Pick<TargetWork, 'holds' | 'snapshot' | 'holdsAreTheSame'> & {
  readonly untilMs: number;
  readonly gone: Set<Digest>;
};

/** A hold never changes what it is about, so its id says it all. */
const idsOf = (holds: readonly Hold[]): string => holds.map(({ id }) => id).join();

const AUDIT_OUTCOME = {
  deleted: 'succeeded',
  untagged: 'succeeded',
  already_absent: 'succeeded',
  restored: 'succeeded',
  refused: 'refused',
  tag_moved: 'refused',
  failed: 'failed',
} as const;
