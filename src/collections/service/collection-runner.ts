import type { AuditLog } from '../../audit/audit-log.js';
import type { Claim } from '../../database/advisory-claim.js';
import type { Db } from '../../database/database.js';
import type { RegistryName } from '../../oci/names.js';
import type { Logger } from '../../telemetry/logger.js';
import type { Tracing } from '../../telemetry/tracing/tracing.js';
import type { CollectionOptions } from '../collection-options.js';
import type { CollectionEngine, EngineEnd, Held, Measures } from '../engines/engine-port.js';
import { closesAt, isOpen, windowUntil } from '../windows/open.js';
import { collectionAudit } from './collection-audit.js';
import { inCollectionSpan } from './collection-span.js';
import type { CollectionRow, CollectionsStore } from './collections.store.js';
import type { FindingsStore } from './findings.store.js';
import { dueFor } from './may-run.js';
import { endIfCancelled } from './end-if-cancelled.js';
import type { Retries } from './retries.js';
import { withRegistryClaim, type RegistryClaim } from './registry-claim.js';
import type { Undoer } from './undoer.js';

/** Why a stretch of work stops before its end. */
type Stop = 'window_closed' | 'cancelled' | 'stopping';

/** Works on collections: one registry under one claim, one collection at a time, whatever the bell says. */
export class CollectionRunner {
  constructor(
    private readonly db: Db,
    private readonly store: CollectionsStore,
    private readonly findings: FindingsStore,
    private readonly audit: AuditLog,
    private readonly options: ReadonlyMap<RegistryName, CollectionOptions>,
    private readonly engineOf: (options: CollectionOptions, held: RegistryClaim) => CollectionEngine | null,
    private readonly heldUntagged: (registry: RegistryName) => Promise<Held>,
    private readonly undoer: Undoer,
    private readonly retries: Retries,
    private readonly now: () => number,
    private readonly tracing: Tracing,
    private readonly log: Logger,
    private readonly worker: string,
  ) {}

  /** Does what is due in the registry as its only collector; returns at once when another process is that. */
  async runRegistry(registry: RegistryName, signal: AbortSignal): Promise<void> {
    const options = this.options.get(registry);
    if (!options) return;
    await withRegistryClaim(this.db, registry, this.worker, async (held) => {
      while (!signal.aborted) {
        const open = await this.store.open(registry, held.claim.db);
        const due = open
          .map((row) => ({ row, due: dueFor(row, options, this.now()) }))
          .filter(({ due }) => due !== null);
        const next =
          due.find(({ due }) => due !== 'run') ?? due.find(({ row }) => row.state === 'running') ?? due[0];
        const engine = next ? this.engineOf(options, held) : null;
        if (!next || !engine) return;
        if (next.due === 'bring_back') await this.bringBack(held.claim, engine, next.row, signal);
        else if (next.due === 'undo')
          await this.traced(held, 'undo', next.row, () => this.undoer.undo(held, next.row));
        else
          await this.traced(held, 'run', next.row, () => this.run(held, engine, options, next.row, signal));
      }
    });
  }

  private traced(
    { claim }: RegistryClaim,
    step: 'run' | 'undo',
    row: CollectionRow,
    work: () => Promise<void>,
  ): Promise<void> {
    const after = () => this.store.find(row.id, claim.db);
    return inCollectionSpan(this.tracing, step, row, { nowMs: this.now(), work, after });
  }

  private async run(
    { claim }: RegistryClaim,
    engine: CollectionEngine,
    options: CollectionOptions,
    row: CollectionRow,
    signal: AbortSignal,
  ): Promise<void> {
    let stop: Stop | null = null;
    // Asked by the clock at that moment: a bell that came late must not make anything run (TRAPS 32).
    const whyStop = async (): Promise<Stop | null> => {
      if (signal.aborted) return 'stopping';
      if (await this.store.isCancelRequested(claim.db, row.id)) return 'cancelled';
      if (row.run_when === 'window' && !isOpen(options.rules, this.now())) return 'window_closed';
      return null;
    };
    stop = await whyStop();
    if (stop !== null) {
      // Cancelled, also where it waits: it was handed back before it could be ended.
      if (row.state === 'running' || stop === 'cancelled') await this.stopped(claim, row, stop, row.measures);
      return;
    }
    if (row.state !== 'running' && !(await this.begin(claim, row, options))) return;
    let end: EngineEnd;
    try {
      end = await engine.collect({
        id: row.id,
        mode: row.mode,
        untaggedMinAgeMs: row.untagged_min_age_ms,
        held: () => this.heldUntagged(options.registry),
        checkpoint: row.checkpoint,
        claim,
        signal,
        mayGoOn: async () => {
          stop ??= await whyStop();
          return stop === null;
        },
        closesMs: () => (row.run_when === 'window' ? closesAt(options.rules, this.now()) : null),
        now: this.now,
        report: async (summary, found) => {
          await this.findings.replace(claim.db, row.id, found);
          await this.store.saveSummary(claim.db, row.id, summary);
        },
        saveCheckpoint: (checkpoint, { owesAfter } = { owesAfter: false }) =>
          this.store.saveCheckpoint(claim.db, row.id, checkpoint, owesAfter),
        removed: (digests) => this.removed(claim, row, digests),
      });
    } catch (thrown) {
      if (signal.aborted) return this.stopped(claim, row, 'stopping', row.measures);
      return this.retries.postponeOrFail(claim, row, thrown);
    }
    const measures = added(row.measures, end.measures);
    if (end.isFinished) await this.succeed(claim, row, measures);
    else await this.stopped(claim, row, stop ?? 'window_closed', measures);
  }

  private async begin(claim: Claim, row: CollectionRow, { rules }: CollectionOptions): Promise<boolean> {
    const until = windowUntil(rules, this.now());
    const action = row.started_at === null ? 'collection.started' : 'collection.resumed';
    const began = await claim.db.transaction().execute(async (tx) => {
      const moved = await this.store.move(tx, row.id, 'running', {
        startedAt: row.started_at ?? new Date(this.now()),
        notBefore: null,
        ...(until !== null && { windowUntil: new Date(until) }),
      });
      const details = { worker: this.worker, engine: row.engine, mode: row.mode };
      if (moved) await this.audit.record(tx, collectionAudit(row, action, 'accepted', { details }));
      return moved;
    });
    if (began) this.log.info({ collection: row.id, registry: row.registry, action }, 'collection runs');
    return began;
  }

  private async succeed(claim: Claim, row: CollectionRow, measures: Measures | null): Promise<void> {
    await claim.db.transaction().execute(async (tx) => {
      const finishedAt = new Date(this.now());
      await this.store.move(tx, row.id, 'succeeded', {
        finishedAt,
        problem: null,
        measures,
        cancelRequest: null,
      });
      const after = await this.store.find(row.id, tx);
      await this.audit.record(
        tx,
        collectionAudit(row, 'collection.finished', 'succeeded', {
          bytes: after?.quarantined_bytes ?? 0,
          details: {
            worker: this.worker,
            mode: row.mode,
            batches: after?.batches ?? 0,
            blobs: after?.quarantined_blobs ?? 0,
          },
        }),
      );
    });
    this.log.info({ collection: row.id, registry: row.registry }, 'collection finished');
  }

  private async stopped(
    claim: Claim,
    row: CollectionRow,
    stop: Stop,
    measures: Measures | null,
  ): Promise<void> {
    this.log.info({ collection: row.id, registry: row.registry, stop }, 'collection stops');
    const { store, audit, worker } = this;
    await claim.db.transaction().execute(async (tx) => {
      // Handed back where Sexton stops: another process, or the next start, goes on.
      const to = stop === 'window_closed' ? 'paused' : 'waiting';
      const moved = await store.move(tx, row.id, to, { measures });
      if (await endIfCancelled({ store, audit, worker }, tx, row, new Date(this.now()))) return;
      const details = { worker };
      if (moved && to === 'paused')
        await audit.record(tx, collectionAudit(row, 'collection.paused', 'succeeded', { details }));
    });
  }

  private async removed(claim: Claim, row: CollectionRow, digests: readonly string[]): Promise<void> {
    if (digests.length === 0) return;
    const none = { count: 0, bytes: 0 };
    const purged = { count: digests.length, bytes: 0 };
    await claim.db.transaction().execute(async (tx) => {
      await this.store.count(tx, row.id, { batches: 1, quarantined: none, restored: none, purged });
      const details = { worker: this.worker, blobs: digests.length, digests };
      await this.audit.record(tx, collectionAudit(row, 'collection.batch_purged', 'succeeded', { details }));
    });
  }

  /** What a run owed when it ended: nothing else happens in the registry before (TRAPS 29). */
  private async bringBack(
    claim: Claim,
    engine: CollectionEngine,
    row: CollectionRow,
    signal: AbortSignal,
  ): Promise<void> {
    try {
      await engine.bringBack({
        signal,
        checkpoint: row.checkpoint,
        saveCheckpoint: (checkpoint, { owesAfter } = { owesAfter: false }) =>
          this.store.saveCheckpoint(claim.db, row.id, checkpoint, owesAfter),
      });
    } catch (thrown) {
      if (signal.aborted) return;
      await this.retries.postpone(claim, row, thrown);
    }
  }
}

const added = (before: Measures | null, now: Measures | null): Measures | null => {
  if (before === null || now === null) return now ?? before;
  return {
    surveyMs: now.surveyMs,
    sweepMs: before.sweepMs + now.sweepMs,
    blobs: before.blobs + now.blobs,
  };
};
