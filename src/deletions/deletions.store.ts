import { Inject, Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Approval } from '../approvals/approval.js';
import { announceChange } from '../database/announce.js';
import { DATABASE, type Db, type Tx } from '../database/database.js';
import type { RegistryName, RepositoryName } from '../oci/names.js';
import type { Plan } from '../planning/plan.js';
import { mayFollow, statesBefore, type DeletionState } from './deletion-state.js';
import type { DeletionRow, TargetRow } from './deletion-view.js';
import type { DeletionProblem, RestoreRequest } from './deletions.tables.js';
import type { PlanProgress } from './plan-progress.js';

/** What a change of state may set beside the state itself. */
interface Change {
  readonly plan?: Plan;
  readonly approval?: Approval | null;
  readonly problem?: DeletionProblem | null;
  readonly attempts?: number;
  readonly notBefore?: Date | null;
  readonly plannedAt?: Date;
  readonly queuedAt?: Date;
  readonly executedBy?: string;
  readonly startedAt?: Date;
  readonly finishedAt?: Date;
}

export interface DeletionStatus extends Pick<DeletionRow, 'state' | 'problem' | 'progress'> {
  readonly total: number;
  readonly ended: readonly TargetRow[];
}

/** Rows of deletions: reading them, and moving them from state to state. */
@Injectable()
export class DeletionsStore {
  constructor(@Inject(DATABASE) private readonly db: Db) {}

  async find(id: string, db: Db = this.db): Promise<DeletionRow | null> {
    return (await db.selectFrom('deletions').selectAll().where('id', '=', id).executeTakeFirst()) ?? null;
  }

  /**
   * How far it is, without what only its plan says: the targets from `position` on that have ended, and how many there
   * are. Null where there is no such deletion.
   */
  async statusOf(id: string, position: number): Promise<DeletionStatus | null> {
    const row = await this.db
      .selectFrom('deletions')
      .select(['state', 'problem', 'progress'])
      .select((eb) =>
        eb
          .selectFrom('deletion_targets')
          .select((count) => count.fn.countAll<number>().as('total'))
          .where('deletion_id', '=', id)
          .as('total'),
      )
      .where('id', '=', id)
      .executeTakeFirst();
    if (!row) return null;
    const ended = await this.db
      .selectFrom('deletion_targets')
      .selectAll()
      .where('deletion_id', '=', id)
      .where('position', '>=', position)
      .where('outcome', 'is not', null)
      .orderBy('position')
      .execute();
    return { ...row, total: row.total ?? 0, ended };
  }

  async targetsOf(ids: readonly string[], db: Db = this.db): Promise<TargetRow[]> {
    if (ids.length === 0) return [];
    return db
      .selectFrom('deletion_targets')
      .selectAll()
      .where('deletion_id', 'in', ids)
      .orderBy('deletion_id')
      .orderBy('position')
      .execute();
  }

  /**
   * Moves a deletion to `to`, if the state machine allows it from where it stands. False when somebody else moved it
   * first: the row is locked by the UPDATE, so that of two only one can win. `from` narrows what it may stand in.
   */
  async move(
    tx: Db,
    id: string,
    to: DeletionState,
    change: Change = {},
    from: readonly DeletionState[] = statesBefore(to),
  ): Promise<boolean> {
    const moved = await tx
      .updateTable('deletions')
      .set({
        state: to,
        ...(change.plan !== undefined && { plan: JSON.stringify(change.plan) }),
        ...(change.approval !== undefined && {
          approval: change.approval && JSON.stringify(change.approval),
          approval_expires_at: change.approval && new Date(change.approval.expiresAt),
        }),
        ...(change.problem !== undefined && { problem: change.problem && JSON.stringify(change.problem) }),
        ...(change.attempts !== undefined && { attempts: change.attempts }),
        ...(change.notBefore !== undefined && { not_before: change.notBefore }),
        ...(to !== 'planning' && { progress: null }),
        ...(change.plannedAt && { planned_at: change.plannedAt }),
        ...(change.queuedAt && { queued_at: change.queuedAt }),
        ...(change.executedBy !== undefined && { executed_by_id: change.executedBy }),
        ...(change.startedAt && { started_at: change.startedAt }),
        ...(change.finishedAt && { finished_at: change.finishedAt }),
      })
      .where('id', '=', id)
      .where(
        'state',
        'in',
        from.filter((state) => mayFollow(state, to)),
      )
      .executeTakeFirst();
    if (moved.numUpdatedRows === 0n) return false;
    await this.announce(tx, id);
    return true;
  }

  /** Notes when to try again, and why, unless the deletion has left the states `from`. */
  async postpone(
    tx: Db,
    id: string,
    problem: DeletionProblem,
    attempts: number,
    notBefore: Date,
    from: readonly DeletionState[],
  ): Promise<void> {
    await tx
      .updateTable('deletions')
      .set({ problem: JSON.stringify(problem), attempts, not_before: notBefore })
      .where('id', '=', id)
      .where('state', 'in', from)
      .execute();
    await this.announce(tx, id);
  }

  /** Notes how far planning has come, for whoever watches. */
  async noteProgress(id: string, progress: PlanProgress): Promise<void> {
    await this.db
      .updateTable('deletions')
      .set({ progress: JSON.stringify(progress) })
      .where('id', '=', id)
      .where('state', '=', 'planning')
      .execute();
    await this.announce(this.db, id);
  }

  async insertTargets(tx: Tx, id: string, plan: Plan): Promise<void> {
    // 65,535 parameters a statement are PostgreSQL's limit; a plan of thousands of targets goes in pieces.
    for (let from = 0; from < plan.targets.length; from += 1000) {
      await tx
        .insertInto('deletion_targets')
        .values(
          plan.targets.slice(from, from + 1000).map((target, index) => ({
            deletion_id: id,
            position: from + index,
            reference: target.reference,
            digest: target.digest,
          })),
        )
        .execute();
    }
  }

  /** Deletions of one repository that wait to be planned, oldest first. */
  async waitingForPlan(
    registry: RegistryName,
    repository: RepositoryName,
    now: Date,
  ): Promise<DeletionRow[]> {
    return this.db
      .selectFrom('deletions')
      .selectAll()
      .where('registry', '=', registry)
      .where('repository', '=', repository)
      .where('state', '=', 'planning')
      .where((eb) => eb.or([eb('not_before', 'is', null), eb('not_before', '<=', now)]))
      .orderBy('id')
      .limit(100)
      .execute();
  }

  /**
   * The oldest deletion of the repository that may run now; one that was interrupted comes before the rest, whatever the
   * time: out of its window it has to be put back.
   */
  async oldestReady(
    db: Db,
    registry: RegistryName,
    repository: RepositoryName,
    now: Date,
    isWindowOpen: boolean,
  ): Promise<DeletionRow | null> {
    const row = await db
      .selectFrom('deletions')
      .selectAll()
      .where('registry', '=', registry)
      .where('repository', '=', repository)
      .where('state', 'in', ['queued', 'running'])
      .$if(!isWindowOpen, (open) =>
        open.where((eb) => eb.or([eb('run_in', '=', 'now'), eb('state', '=', 'running')])),
      )
      .where((eb) => eb.or([eb('not_before', 'is', null), eb('not_before', '<=', now)]))
      .orderBy(sql`state = 'running'`, 'desc')
      .orderBy('id')
      .limit(1)
      .executeTakeFirst();
    return row ?? null;
  }

  /** The oldest restore of the repository that may run now. */
  async oldestRestore(
    db: Db,
    registry: RegistryName,
    repository: RepositoryName,
    now: Date,
  ): Promise<DeletionRow | null> {
    const row = await db
      .selectFrom('deletions')
      .selectAll()
      .where('registry', '=', registry)
      .where('repository', '=', repository)
      .where('restore_request', 'is not', null)
      .where((eb) => eb.or([eb('not_before', 'is', null), eb('not_before', '<=', now)]))
      .orderBy('id')
      .limit(1)
      .executeTakeFirst();
    return row ?? null;
  }

  /** Takes a restore on; false when the deletion cannot be restored from its state, or one waits already. */
  async requestRestore(tx: Tx, id: string, request: RestoreRequest): Promise<boolean> {
    const taken = await tx
      .updateTable('deletions')
      .set({ restore_request: JSON.stringify(request), problem: null, attempts: 0, not_before: null })
      .where('id', '=', id)
      .where('state', 'in', statesBefore('restored'))
      .where('restore_request', 'is', null)
      .executeTakeFirst();
    if (taken.numUpdatedRows === 0n) return false;
    await this.announce(tx, id);
    return true;
  }

  async finishRestore(
    tx: Tx,
    id: string,
    restored: readonly {
      readonly tombstone: { readonly position: number };
      readonly leftAlone: readonly string[];
    }[],
  ): Promise<void> {
    const now = new Date();
    for (const { tombstone, leftAlone } of restored) {
      const moved = leftAlone.length > 0;
      await tx
        .updateTable('deletion_targets')
        .set({
          outcome: 'restored',
          code: moved ? 'tag_moved' : null,
          message: moved ? `left alone, because they point elsewhere by now: ${leftAlone.join(', ')}` : null,
          finished_at: now,
        })
        .where('deletion_id', '=', id)
        .where('position', '=', tombstone.position)
        .execute();
    }
    await this.move(tx, id, 'restored', { problem: null });
    await tx
      .updateTable('deletions')
      .set({ restore_request: null, restored_at: now, attempts: 0, not_before: null })
      .where('id', '=', id)
      .execute();
  }

  /** Notes why a restore did not work; without `notBefore` it is given up. */
  async postponeRestore(
    tx: Tx,
    id: string,
    problem: DeletionProblem,
    attempts: number,
    notBefore: Date | null,
  ): Promise<void> {
    await tx
      .updateTable('deletions')
      .set({
        problem: JSON.stringify(problem),
        attempts: notBefore ? attempts : 0,
        not_before: notBefore,
        ...(notBefore === null && { restore_request: null }),
      })
      .where('id', '=', id)
      .execute();
    await this.announce(tx, id);
  }

  async announce(db: Db, id: string): Promise<void> {
    await announceChange(db, id);
  }
}
