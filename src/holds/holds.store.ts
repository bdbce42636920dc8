import { Inject, Injectable } from '@nestjs/common';
import { DATABASE, type Db, type Tx } from '../database/database.js';
import type { ListHolds } from './holds.dto.js';
import type { HoldRow } from './hold-view.js';
import type { Lifting } from './holds.table.js';

export type NewHold = Omit<HoldRow, 'lift_request' | 'lifted_at' | 'lifted'>;

/** Rows of holds that were made through the API. */
@Injectable()
export class HoldsStore {
  constructor(@Inject(DATABASE) private readonly db: Db) {}

  async insert(tx: Tx, hold: NewHold): Promise<HoldRow> {
    return tx.insertInto('holds').values(hold).returningAll().executeTakeFirstOrThrow();
  }

  async find(id: string): Promise<HoldRow | null> {
    return (await this.db.selectFrom('holds').selectAll().where('id', '=', id).executeTakeFirst()) ?? null;
  }

  /** The row, locked until the transaction ends: of two who lift it at once one comes second. */
  async lock(tx: Tx, id: string): Promise<HoldRow | null> {
    const row = await tx.selectFrom('holds').selectAll().where('id', '=', id).forUpdate().executeTakeFirst();
    return row ?? null;
  }

  /** Those of one registry that neither expired nor were lifted, oldest first. */
  async inForce(registry: string, now: Date, db: Db = this.db): Promise<HoldRow[]> {
    return db
      .selectFrom('holds')
      .selectAll()
      .where('registry', '=', registry)
      .where('lifted_at', 'is', null)
      .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]))
      .orderBy('id')
      .execute();
  }

  /** Newest first, after `before`. */
  async page(
    { registry, state }: ListHolds,
    before: string | null,
    limit: number,
    now: Date,
  ): Promise<HoldRow[]> {
    let page = this.db.selectFrom('holds').selectAll().orderBy('id', 'desc').limit(limit);
    if (before !== null) page = page.where('id', '<', before);
    if (registry !== undefined) page = page.where('registry', '=', registry);
    if (state === 'in_force') {
      page = page
        .where('lifted_at', 'is', null)
        .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]));
    }
    if (state === 'over') {
      page = page.where((eb) => eb.or([eb('lifted_at', 'is not', null), eb('expires_at', '<=', now)]));
    }
    return page.execute();
  }

  async requestLift(tx: Tx, id: string, lifting: Lifting): Promise<HoldRow> {
    return tx
      .updateTable('holds')
      .set({ lift_request: JSON.stringify(lifting) })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow();
  }

  async lift(tx: Tx, id: string, lifting: Lifting): Promise<HoldRow> {
    return tx
      .updateTable('holds')
      .set({ lifted: JSON.stringify(lifting), lifted_at: new Date(lifting.at) })
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow();
  }
}
