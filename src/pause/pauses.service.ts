import { Inject, Injectable } from '@nestjs/common';
import type { Selectable } from 'kysely';
import { newId } from '../ids/new-id.js';
import { AuditLog } from '../audit/audit-log.js';
import { DATABASE, type Db } from '../database/database.js';
import { SextonError } from '../errors/sexton-error.js';
import type { Caller } from '../identity/caller.js';
import { maySeeRegistry } from '../identity/scope.js';
import { Registries } from '../registries/registries.js';
import type { CreatePause, PauseView } from './pauses.dto.js';
import type { PausesTable } from './pauses.tables.js';

type PauseRow = Selectable<PausesTable>;

interface Asked {
  readonly caller: Caller;
  readonly requestId: string;
}

/** Pauses: while one is in force, accepted work of its registry waits. The workers look at each step. */
@Injectable()
export class PausesService {
  constructor(
    @Inject(DATABASE) private readonly db: Db,
    private readonly audit: AuditLog,
    private readonly registries: Registries,
  ) {}

  /** From then on no target begins; one that is under way is finished. */
  async create({ caller, requestId }: Asked, request: CreatePause): Promise<PauseView> {
    const registry = request.registry ?? null;
    if (!this.mayPause(caller, registry)) {
      throw registry === null
        ? new SextonError('forbidden', { detail: 'You may not use every registry, so you cannot pause all' })
        : new SextonError('unknown_registry', { detail: `There is no registry named ${registry}` });
    }
    const row = {
      id: `pause_${newId()}`,
      registry,
      reason: request.reason,
      created_at: new Date(),
      created_by_id: caller.id,
      created_by_name: caller.name,
    };
    await this.db.transaction().execute(async (tx) => {
      await tx.insertInto('pauses').values(row).execute();
      await this.audit.record(tx, {
        action: 'pause.created',
        outcome: 'succeeded',
        actor: caller,
        registry,
        reason: request.reason,
        requestId,
        details: { pause: row.id },
      });
    });
    return viewOf(row);
  }

  /** Those in force that the caller has to do with. */
  async list(caller: Caller): Promise<{ items: PauseView[]; nextCursor: null }> {
    const rows = await this.db
      .selectFrom('pauses')
      .selectAll()
      .where('ended_at', 'is', null)
      .orderBy('id')
      .execute();
    const visible = rows.filter(({ registry }) => registry === null || maySeeRegistry(caller, registry));
    return { items: visible.map(viewOf), nextCursor: null };
  }

  /** Work goes on by itself. Ending twice is `not_found`. */
  async end({ caller, requestId }: Asked, id: string, reason: string): Promise<void> {
    await this.db.transaction().execute(async (tx) => {
      const ended = await tx
        .updateTable('pauses')
        .set({ ended_at: new Date(), ended: JSON.stringify({ by: caller.id, name: caller.name, reason }) })
        .where('id', '=', id)
        .where('ended_at', 'is', null)
        .returningAll()
        .executeTakeFirst();
      // Thrown inside, so that nothing of it stays.
      if (!ended || (ended.registry !== null && !maySeeRegistry(caller, ended.registry))) {
        throw new SextonError('not_found', { detail: `There is no pause ${id.slice(0, 64)} in force` });
      }
      if (!this.mayPause(caller, ended.registry)) {
        throw new SextonError('forbidden', {
          detail: 'You may not use every registry that this pause is of',
        });
      }
      await this.audit.record(tx, {
        action: 'pause.ended',
        outcome: 'succeeded',
        actor: caller,
        registry: ended.registry,
        reason,
        requestId,
        details: { pause: id, paused: ended.reason },
      });
    });
  }

  /** All of them only for whoever has something in each. */
  private mayPause(caller: Caller, registry: string | null): boolean {
    const names: readonly string[] = this.registries.names();
    if (registry === null) return names.every((name) => maySeeRegistry(caller, name));
    return names.includes(registry) && maySeeRegistry(caller, registry);
  }
}

const viewOf = (row: Omit<PauseRow, 'ended_at' | 'ended'>): PauseView => ({
  id: row.id,
  registry: row.registry,
  reason: row.reason,
  createdBy: { id: row.created_by_id, name: row.created_by_name },
  createdAt: row.created_at.toISOString(),
});
