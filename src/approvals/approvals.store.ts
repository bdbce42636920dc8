import { Inject, Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { announceChange } from '../database/announce.js';
import { DATABASE, type Db, type Tx } from '../database/database.js';
import type { DeletionRow } from '../deletions/deletion-view.js';
import type { Approval } from './approval.js';

/** Deletions that wait for people. */
@Injectable()
export class ApprovalsStore {
  constructor(@Inject(DATABASE) private readonly db: Db) {}

  /** The deletion, which nobody else decides about until the transaction ends. */
  async lock(tx: Tx, id: string): Promise<DeletionRow | null> {
    const row = await tx
      .selectFrom('deletions')
      .selectAll()
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst();
    return row ?? null;
  }

  async save(tx: Tx, id: string, approval: Approval): Promise<void> {
    await tx
      .updateTable('deletions')
      .set({ approval: JSON.stringify(approval) })
      .where('id', '=', id)
      .execute();
    await announceChange(tx, id);
  }

  /** Ids of deletions for whose approval it is too late, the oldest first. */
  async overdue(now: Date): Promise<string[]> {
    // Served by the partial index deletions_awaiting_approval.
    const { rows } = await sql<{ id: string }>`
      select id from deletions
      where state = 'awaiting_approval' and approval_expires_at <= ${now}
      order by approval_expires_at limit 1000`.execute(this.db);
    return rows.map(({ id }) => id);
  }
}
