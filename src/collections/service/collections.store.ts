import { Inject, Injectable } from '@nestjs/common';
import { sql, type Selectable } from 'kysely';
import { DATABASE, type Db, type Tx } from '../../database/database.js';
import { announceChange } from '../../database/announce.js';
import type { RegistryName } from '../../oci/names.js';
import type { JsonObject } from '../../audit/audit-event.js';
import type { Measures } from '../engines/engine-port.js';
import type { Summary } from '../engine/report.js';
import { statesBefore, type CollectionState, type When } from './collection-state.js';
import type { ChangeRequest, CollectionProblem, CollectionsTable } from './collections.tables.js';

export type CollectionRow = Selectable<CollectionsTable>;

export type NewCollection = Pick<
  CollectionRow,
  | 'id'
  | 'registry'
  | 'engine'
  | 'mode'
  | 'run_when'
  | 'untagged_min_age_ms'
  | 'reason'
  | 'ticket'
  | 'requested_by_id'
  | 'requested_by_name'
  | 'requested_by_address'
  | 'request_id'
  | 'created_at'
>;

/** What a change of state may set beside the state itself. */
interface Change {
  readonly runWhen?: When;
  readonly startedAt?: Date;
  readonly finishedAt?: Date | null;
  readonly notBefore?: Date | null;
  readonly windowUntil?: Date;
  readonly attempts?: number;
  readonly problem?: CollectionProblem | null;
  readonly cancelRequest?: null;
  readonly undoRequest?: null;
  readonly measures?: Measures | null;
}

const json = (value: object | null): string | null => value && JSON.stringify(value);

/** Rows of collections: reading them, and moving them from state to state. */
@Injectable()
export class CollectionsStore {
  constructor(@Inject(DATABASE) private readonly db: Db) {}

  async insert(tx: Tx, collection: NewCollection, traceparent: string | null = null): Promise<void> {
    await tx
      .insertInto('collections')
      .values({ ...collection, traceparent, state: 'waiting' })
      .execute();
    await announceChange(tx, collection.id);
  }

  async find(id: string, db: Db = this.db): Promise<CollectionRow | null> {
    return (await db.selectFrom('collections').selectAll().where('id', '=', id).executeTakeFirst()) ?? null;
  }

  /** Whether a collection stands open, or one worked in the window that closes at `until`. */
  async hadItsTurn(tx: Tx, registry: RegistryName, until: Date): Promise<boolean> {
    const row = await tx
      .selectFrom('collections')
      .select('id')
      .where('registry', '=', registry)
      .where('mode', '=', 'collect')
      .where((eb) =>
        eb.or([eb('state', 'in', ['waiting', 'running', 'paused']), eb('window_until', '=', until)]),
      )
      .limit(1)
      .executeTakeFirst();
    return row !== undefined;
  }

  /** One page, newest first, before the id `before`. */
  async list(
    filters: { readonly registries: readonly string[]; readonly state: CollectionState | null },
    before: string | null,
    limit: number,
  ): Promise<CollectionRow[]> {
    if (filters.registries.length === 0) return [];
    let statement = this.db
      .selectFrom('collections')
      .selectAll()
      .where('registry', 'in', filters.registries)
      .orderBy('id', 'desc')
      .limit(limit);
    if (filters.state !== null) statement = statement.where('state', '=', filters.state);
    if (before !== null) statement = statement.where('id', '<', before);
    return statement.execute();
  }

  /** What stands open, oldest first: to be run, to be undone, or owing that its registry is brought back. */
  async open(registry: RegistryName | null, db: Db = this.db): Promise<CollectionRow[]> {
    // Served by the partial index collections_open.
    let statement = db
      .selectFrom('collections')
      .selectAll()
      .where((eb) =>
        eb.or([
          eb('state', 'in', ['waiting', 'running', 'paused']),
          eb('undo_request', 'is not', null),
          eb('owes_after', '=', true),
        ]),
      )
      .orderBy('id');
    if (registry !== null) statement = statement.where('registry', '=', registry);
    return statement.execute();
  }

  /** The newest collections of a registry that tell how much there is to do, and how fast it goes. */
  async recent(registry: RegistryName, limit: number): Promise<CollectionRow[]> {
    return this.db
      .selectFrom('collections')
      .selectAll()
      .where('registry', '=', registry)
      .where((eb) => eb.or([eb('summary', 'is not', null), eb('measures', 'is not', null)]))
      .orderBy('id', 'desc')
      .limit(limit)
      .execute();
  }

  /**
   * Moves a collection to `to`, if the state machine allows it from where it stands. False when somebody else moved it
   * first: the row is locked by the UPDATE, so that of two only one can win.
   */
  async move(tx: Db, id: string, to: CollectionState, change: Change = {}): Promise<boolean> {
    const moved = await tx
      .updateTable('collections')
      .set({
        state: to,
        ...(change.runWhen && { run_when: change.runWhen }),
        ...(change.startedAt && { started_at: change.startedAt }),
        ...(change.finishedAt !== undefined && { finished_at: change.finishedAt }),
        ...(change.notBefore !== undefined && { not_before: change.notBefore }),
        ...(change.windowUntil && { window_until: change.windowUntil }),
        ...(change.attempts !== undefined && { attempts: change.attempts }),
        ...(change.problem !== undefined && { problem: json(change.problem) }),
        ...(change.cancelRequest !== undefined && { cancel_request: change.cancelRequest }),
        ...(change.undoRequest !== undefined && { undo_request: change.undoRequest }),
        ...(change.measures && { measures: json(change.measures) }),
      })
      .where('id', '=', id)
      .where('state', 'in', statesBefore(to))
      .executeTakeFirst();
    if (moved.numUpdatedRows === 0n) return false;
    await announceChange(tx, id);
    return true;
  }

  /** Leaves the wish for whoever runs it; false when it does not run, or somebody asked before. */
  async requestCancel(tx: Tx, id: string, request: ChangeRequest): Promise<boolean> {
    const asked = await tx
      .updateTable('collections')
      .set({ cancel_request: JSON.stringify(request) })
      .where('id', '=', id)
      .where('state', '=', 'running')
      .where('cancel_request', 'is', null)
      .executeTakeFirst();
    return asked.numUpdatedRows > 0n;
  }

  /**
   * Lets a collection go on: one that was cancelled or failed, or one that waits for a window and may run now. False
   * where that changes nothing.
   */
  async resume(tx: Tx, id: string, when: When): Promise<boolean> {
    const resumed = await tx
      .updateTable('collections')
      .set({
        state: 'waiting',
        run_when: when,
        finished_at: null,
        not_before: null,
        attempts: 0,
        problem: null,
        cancel_request: null,
      })
      .where('id', '=', id)
      .where('undo_request', 'is', null)
      .where((eb) =>
        eb.or([
          eb('state', 'in', ['cancelled', 'failed']),
          eb.and([eb('state', 'in', ['paused', 'waiting']), eb('run_when', '!=', when)]),
        ]),
      )
      .executeTakeFirst();
    if (resumed.numUpdatedRows === 0n) return false;
    await announceChange(tx, id);
    return true;
  }

  /** Takes an undo on; false when the collection cannot be undone from its state, or one waits already. */
  async requestUndo(tx: Tx, id: string, request: ChangeRequest): Promise<boolean> {
    const asked = await tx
      .updateTable('collections')
      .set({ undo_request: JSON.stringify(request), problem: null, attempts: 0, not_before: null })
      .where('id', '=', id)
      .where('state', 'in', statesBefore('undone'))
      .where('mode', '=', 'collect')
      .where('undo_request', 'is', null)
      .executeTakeFirst();
    return asked.numUpdatedRows > 0n;
  }

  async isCancelRequested(db: Db, id: string): Promise<boolean> {
    const row = await db
      .selectFrom('collections')
      .select('cancel_request')
      .where('id', '=', id)
      .executeTakeFirst();
    return row?.cancel_request != null;
  }

  async saveSummary(db: Db, id: string, summary: Summary): Promise<void> {
    await db
      .updateTable('collections')
      .set({ summary: JSON.stringify(summary) })
      .where('id', '=', id)
      .execute();
  }

  async saveCheckpoint(db: Db, id: string, checkpoint: JsonObject, owesAfter: boolean): Promise<void> {
    await db
      .updateTable('collections')
      .set({ checkpoint: JSON.stringify(checkpoint), owes_after: owesAfter })
      .where('id', '=', id)
      .execute();
  }

  /** Notes why something did not work, and when it is tried again. */
  async postpone(db: Db, id: string, problem: CollectionProblem, notBefore: Date): Promise<void> {
    await db
      .updateTable('collections')
      .set({ problem: JSON.stringify(problem), not_before: notBefore, attempts: sql`attempts + 1` })
      .where('id', '=', id)
      .execute();
    await announceChange(db, id);
  }

  /** Gives up an undo that cannot be done. */
  async giveUpUndo(db: Db, id: string, problem: CollectionProblem): Promise<void> {
    await db
      .updateTable('collections')
      .set({ undo_request: null, problem: JSON.stringify(problem) })
      .where('id', '=', id)
      .execute();
    await announceChange(db, id);
  }

  /** Adds to the counters of a collection; nothing where the run is none of the service's. */
  async count(tx: Db, id: string, added: Counted): Promise<void> {
    await tx
      .updateTable('collections')
      .set({
        batches: sql`batches + ${added.batches}`,
        quarantined_blobs: sql`quarantined_blobs + ${added.quarantined.count}`,
        quarantined_bytes: sql`quarantined_bytes + ${added.quarantined.bytes}`,
        restored_blobs: sql`restored_blobs + ${added.restored.count}`,
        restored_bytes: sql`restored_bytes + ${added.restored.bytes}`,
        purged_blobs: sql`purged_blobs + ${added.purged.count}`,
        purged_bytes: sql`purged_bytes + ${added.purged.bytes}`,
      })
      .where('id', '=', id)
      .execute();
    await announceChange(tx, id);
  }
}

interface Count {
  readonly count: number;
  readonly bytes: number;
}

export interface Counted {
  readonly batches: number;
  readonly quarantined: Count;
  readonly restored: Count;
  readonly purged: Count;
}
