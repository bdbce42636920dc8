import type { AuditLog } from '../../audit/audit-log.js';
import type { Claim } from '../../database/advisory-claim.js';
import { databaseFault } from '../../database/database-fault.js';
import { SextonError } from '../../errors/sexton-error.js';
import type { Logger } from '../../telemetry/logger.js';
import { collectionAudit } from './collection-audit.js';
import { endIfCancelled } from './end-if-cancelled.js';
import type { CollectionRow, CollectionsStore } from './collections.store.js';
import type { CollectionProblem } from './collections.tables.js';

interface Limits {
  readonly targetAttempts: number;
  readonly retryBaseMs: number;
  readonly retryMaxMs: number;
}

/** What becomes of a collection on which something failed: tried again where that can help, given up otherwise. */
export class Retries {
  constructor(
    private readonly store: CollectionsStore,
    private readonly audit: AuditLog,
    private readonly limits: Limits,
    private readonly now: () => number,
    private readonly log: Logger,
    private readonly worker: string,
  ) {}

  async postponeOrFail(claim: Claim, row: CollectionRow, thrown: unknown): Promise<void> {
    const error = this.asSextonError(row, thrown);
    // A database that is away or full says nothing about the collection, and never ends it.
    const isOurs = error.code === 'database_unavailable';
    if (!isOurs && (!error.canRetry || row.attempts + 1 >= this.limits.targetAttempts)) {
      return this.fail(claim, row, error);
    }
    const { problem, retryAt } = this.later(row, error);
    const { store, audit, worker } = this;
    await claim.db.transaction().execute(async (tx) => {
      await store.move(tx, row.id, 'waiting');
      if (await endIfCancelled({ store, audit, worker }, tx, row, new Date(this.now()))) return;
      await store.postpone(tx, row.id, problem, retryAt);
    });
  }

  /** Tries again for as long as it takes: for what must not be given up. */
  async postpone(claim: Claim, row: CollectionRow, thrown: unknown): Promise<void> {
    const { problem, retryAt } = this.later(row, this.asSextonError(row, thrown));
    await this.store.postpone(claim.db, row.id, problem, retryAt);
  }

  asSextonError(row: CollectionRow, thrown: unknown): SextonError {
    if (thrown instanceof SextonError) return thrown;
    const fault = databaseFault(thrown);
    if (fault) return fault;
    this.log.error({ err: thrown, collection: row.id }, 'a collection failed unexpectedly');
    return new SextonError('internal_error', { cause: thrown });
  }

  private later(row: CollectionRow, error: SextonError): { problem: CollectionProblem; retryAt: Date } {
    const waitMs = Math.min(
      this.limits.retryMaxMs,
      this.limits.retryBaseMs * 2 ** Math.min(row.attempts, 20),
    );
    const retryAt = new Date(this.now() + waitMs);
    const problem = { code: error.code, message: error.message, retryAt: retryAt.toISOString() };
    this.log.warn({ collection: row.id, registry: row.registry, ...problem }, 'could not go on');
    return { problem, retryAt };
  }

  private async fail(claim: Claim, row: CollectionRow, error: SextonError): Promise<void> {
    const problem = { code: error.code, message: error.message, retryAt: null };
    this.log.warn({ collection: row.id, registry: row.registry, ...problem }, 'collection failed');
    await claim.db.transaction().execute(async (tx) => {
      const finishedAt = new Date(this.now());
      await this.store.move(tx, row.id, 'failed', { finishedAt, problem, cancelRequest: null });
      await this.audit.record(
        tx,
        collectionAudit(row, 'collection.finished', 'failed', {
          code: error.code,
          details: { worker: this.worker, message: error.message },
        }),
      );
    });
  }
}
