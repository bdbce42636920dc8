import { Inject, Injectable } from '@nestjs/common';
import { newId } from '../../ids/new-id.js';
import { AuditLog } from '../../audit/audit-log.js';
import { DATABASE, type Db, type Tx } from '../../database/database.js';
import { SextonError } from '../../errors/sexton-error.js';
import { pagingOf } from '../../http/cursor.js';
import type { Caller } from '../../identity/caller.js';
import { roleMay } from '../../identity/permissions.js';
import { maySeeRegistry } from '../../identity/scope.js';
import { parseRegistryName, type RegistryName } from '../../oci/names.js';
import { WAKE_UP_QUEUE, type WakeUpQueue } from '../../queue/wake-up-queue.js';
import { Registries } from '../../registries/registries.js';
import { LOGGER, type Logger } from '../../telemetry/logger.js';
import { TRACING, type Tracing } from '../../telemetry/tracing/tracing.js';
import { collectsUntagged, hasMode, hasQuarantine, type CollectionOptions } from '../collection-options.js';
import { nextOpening } from '../windows/open.js';
import { collectionAudit } from './collection-audit.js';
import { CLOCK, COLLECTION_OPTIONS, type AllOptions, type Clock } from './collection-tokens.js';
import { idCursor } from './cursors.js';
import { collectionView } from './collection-view.js';
import type {
  CollectionView,
  CreateCollection,
  ListCollections,
  ResumeCollection,
} from './collections.dto.js';
import { CollectionsStore, type CollectionRow, type NewCollection } from './collections.store.js';
import type { ChangeRequest } from './collections.tables.js';

/** Who asks, and under which request id it is recorded. */
export interface Asked {
  readonly caller: Caller;
  readonly requestId: string;
}

/** Collections as a resource: asking, reading, cancelling, resuming, undoing. The runner does the work. */
@Injectable()
export class CollectionsService {
  constructor(
    @Inject(DATABASE) private readonly db: Db,
    private readonly audit: AuditLog,
    private readonly store: CollectionsStore,
    @Inject(COLLECTION_OPTIONS) private readonly options: AllOptions,
    @Inject(CLOCK) private readonly now: Clock,
    private readonly registries: Registries,
    @Inject(WAKE_UP_QUEUE) private readonly queue: WakeUpQueue,
    @Inject(LOGGER) private readonly log: Logger,
    @Inject(TRACING) private readonly tracing: Tracing,
  ) {}

  /** Accepts a request durably. `now`, a dry run and a choice about untagged manifests are the operators'. */
  async create(asked: Asked, request: CreateCollection): Promise<CollectionView> {
    const options = this.collected(asked.caller, request.registry);
    const isOperators =
      request.when === 'now' || request.mode !== 'collect' || request.untagged !== undefined;
    if (isOperators) this.mustRun(asked.caller);
    const untagged = request.mode === 'purge' ? null : untaggedMinAgeMs(request.untagged, options);
    const isSupported =
      hasMode(options.engine, request.mode) && (untagged === null || collectsUntagged(options.engine));
    if (!isSupported) {
      throw new SextonError('not_supported_by_engine', {
        detail: `The engine ${options.engine.kind} of registry ${request.registry} cannot do this (mode ${request.mode}, untagged ${untagged === null ? 'keep' : 'collect'})`,
      });
    }
    if (request.when === 'window' && nextOpening(options.rules, this.now()) === null) {
      throw new SextonError('no_window', {
        detail: `Registry ${request.registry} has no window to wait for`,
      });
    }
    const { id: callerId, name, address } = asked.caller;
    const collection: NewCollection = {
      id: newId(),
      registry: request.registry,
      engine: options.engine.kind,
      mode: request.mode,
      run_when: request.when,
      untagged_min_age_ms: untagged,
      reason: request.reason,
      ticket: request.ticket ?? null,
      requested_by_id: callerId,
      requested_by_name: name,
      requested_by_address: address,
      request_id: asked.requestId,
      created_at: new Date(this.now()),
    };
    await this.db.transaction().execute(async (tx) => {
      await this.store.insert(tx, collection, this.tracing.traceparent());
      const { when, mode } = request;
      const details = {
        engine: collection.engine,
        when,
        mode,
        untagged: untagged === null ? 'keep' : 'collect',
      };
      await this.audit.record(
        tx,
        collectionAudit(collection, 'collection.requested', 'accepted', { details }),
      );
    });
    await this.ring(request.registry);
    return this.view(await this.existing(collection.id));
  }

  /** One page of the collections of registries that the caller may see, newest first. */
  async list(
    asked: Asked,
    query: ListCollections,
  ): Promise<{ items: CollectionView[]; nextCursor: string | null }> {
    const visible = [...this.options.keys()].filter((name) => maySeeRegistry(asked.caller, name));
    const registries = visible.filter((name) => query.registry === undefined || name === query.registry);
    const paging = pagingOf('collections', query, idCursor);
    const before = paging.position?.before ?? null;
    const rows = await this.store.list({ registries, state: query.state ?? null }, before, query.limit + 1);
    const page = rows.slice(0, query.limit);
    const nextCursor = rows.length > query.limit ? paging.cursorAfter({ before: page.at(-1)?.id }) : null;
    return { items: page.map((row) => this.view(row)), nextCursor };
  }

  async get(asked: Asked, id: string): Promise<CollectionView> {
    return this.view(await this.visible(asked.caller, id));
  }

  /** Ends a collection that waits at once, and one that runs after its batch. */
  async cancel(asked: Asked, id: string, reason: string): Promise<CollectionView> {
    const row = await this.visible(asked.caller, id);
    const request = requestOf(asked, reason);
    await this.db.transaction().execute(async (tx) => {
      const about = { actor: request.by, reason, requestId: request.requestId };
      if (await this.store.requestCancel(tx, id, request)) {
        await this.audit.record(tx, collectionAudit(row, 'collection.cancel_requested', 'accepted', about));
      } else if (await this.cancelWaiting(tx, id)) {
        await this.audit.record(tx, collectionAudit(row, 'collection.cancelled', 'succeeded', about));
      } else {
        throw new SextonError('not_cancellable', {
          detail: `Collection ${id} has ended, or is being cancelled`,
        });
      }
    });
    return this.view(await this.existing(id));
  }

  /** Goes on with what was cancelled or failed, or with `now` at once with what waits for its window. */
  async resume(asked: Asked, id: string, request: ResumeCollection): Promise<CollectionView> {
    const row = await this.visible(asked.caller, id);
    const options = this.collected(asked.caller, parseRegistryName(row.registry));
    const when = request.when ?? row.run_when;
    if (when === 'window' && nextOpening(options.rules, this.now()) === null) {
      throw new SextonError('no_window', { detail: `Registry ${row.registry} has no window to wait for` });
    }
    await this.db.transaction().execute(async (tx) => {
      if (!(await this.store.resume(tx, id, when))) {
        throw new SextonError('not_resumable', { detail: `Collection ${id} is ${row.state}` });
      }
      const { by, requestId } = requestOf(asked, request.reason);
      const about = { actor: by, reason: request.reason, requestId, details: { when } };
      await this.audit.record(tx, collectionAudit(row, 'collection.resumed', 'accepted', about));
    });
    await this.ring(options.registry);
    return this.view(await this.existing(id));
  }

  /** Brings back everything that it took away and that was not purged. */
  async undo(asked: Asked, id: string, reason: string): Promise<CollectionView> {
    const row = await this.visible(asked.caller, id);
    const options = this.collected(asked.caller, parseRegistryName(row.registry));
    const request = { ...requestOf(asked, reason), traceparent: this.tracing.traceparent() };
    await this.db.transaction().execute(async (tx) => {
      const taken = hasQuarantine(row.engine) && (await this.store.requestUndo(tx, id, request));
      if (!taken) {
        throw new SextonError('not_undoable', {
          detail: `Collection ${id} is ${row.mode === 'collect' ? row.state : `a ${row.mode}`}, of the engine ${row.engine}`,
        });
      }
      const about = { actor: request.by, reason, requestId: request.requestId };
      await this.audit.record(tx, collectionAudit(row, 'collection.undo_requested', 'accepted', about));
    });
    await this.ring(options.registry);
    return this.view(await this.existing(id));
  }

  /** The row, if the caller may see its registry; `not_found` otherwise, whether it exists or not. */
  async visible(caller: Caller, id: string): Promise<CollectionRow> {
    const row = await this.store.find(id);
    if (!row || !maySeeRegistry(caller, row.registry)) {
      throw new SextonError('not_found', { detail: `There is no collection ${id.slice(0, 64)}` });
    }
    return row;
  }

  view(row: CollectionRow): CollectionView {
    return collectionView(row, this.options.get(parseRegistryName(row.registry)), this.now());
  }

  private async cancelWaiting(tx: Tx, id: string): Promise<boolean> {
    const now = await this.store.find(id, tx);
    if (now?.state !== 'waiting' && now?.state !== 'paused') return false;
    return this.store.move(tx, id, 'cancelled', { finishedAt: new Date(this.now()), cancelRequest: null });
  }

  /** Options of a registry that the caller may see and that is collected. */
  private collected(caller: Caller, registry: RegistryName): CollectionOptions {
    const options = this.options.get(registry);
    if (!this.registries.has(registry) || !maySeeRegistry(caller, registry)) {
      throw new SextonError('unknown_registry', { detail: `There is no registry named ${registry}` });
    }
    if (options && options.engine.kind !== 'none') return options;
    throw new SextonError('no_collection', { detail: `Registry ${registry} has no collection engine` });
  }

  private mustRun(caller: Caller): void {
    if (roleMay(caller.role, 'collections:run')) return;
    throw new SextonError('forbidden', {
      detail: `The role ${caller.role} may ask for collections in a window alone, as they are configured`,
    });
  }

  /** A wake-up that could not be rung is not lost: the reconciler rings again. */
  private async ring(registry: RegistryName): Promise<void> {
    try {
      await this.queue.ring({ kind: 'collect', registry });
    } catch (error) {
      this.log.warn({ err: error, registry }, 'the queue took no wake-up; the reconciler will ring again');
    }
  }

  private async existing(id: string): Promise<CollectionRow> {
    const row = await this.store.find(id);
    if (!row) throw new SextonError('not_found', { detail: `There is no collection ${id}` });
    return row;
  }
}

const requestOf = ({ caller, requestId }: Asked, reason: string): ChangeRequest => ({
  by: { id: caller.id, name: caller.name, address: caller.address },
  reason,
  requestId,
});

const untaggedMinAgeMs = (
  asked: CreateCollection['untagged'],
  { untaggedMinAgeMs: configured, untaggedDefaultMinAgeMs }: CollectionOptions,
): number | null => {
  if (asked === 'keep') return null;
  return asked === 'collect' ? (configured ?? untaggedDefaultMinAgeMs) : configured;
};
