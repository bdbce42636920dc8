import { Inject, Injectable } from '@nestjs/common';
import { sql, type Insertable, type Updateable } from 'kysely';
import { DATABASE, type Db, type Tx } from '../../database/database.js';
import type { DeliveryRow, WebhookRow } from './claims.store.js';
import type { DeliveryState, WebhooksTable } from './webhooks.tables.js';

/** Rows of webhooks and of what is delivered to them, as the API shows and changes them. */
@Injectable()
export class WebhooksStore {
  constructor(@Inject(DATABASE) private readonly db: Db) {}

  async insert(tx: Tx, webhook: Omit<Insertable<WebhooksTable>, 'after_sequence'>): Promise<WebhookRow> {
    // The end of the chain as this statement sees it: what is sealed from here on is news to it.
    const end = sql<number>`(select coalesce(max(sequence), 0) from audit_seals)`;
    return tx
      .insertInto('webhooks')
      .values({ ...webhook, after_sequence: end })
      .returningAll()
      .executeTakeFirstOrThrow();
  }

  async find(id: string): Promise<WebhookRow | null> {
    return (await this.db.selectFrom('webhooks').selectAll().where('id', '=', id).executeTakeFirst()) ?? null;
  }

  /** The row, locked until the transaction ends. */
  async lock(tx: Tx, id: string): Promise<WebhookRow | null> {
    const row = await tx
      .selectFrom('webhooks')
      .selectAll()
      .where('id', '=', id)
      .forUpdate()
      .executeTakeFirst();
    return row ?? null;
  }

  async count(tx: Tx): Promise<number> {
    const { count } = await tx
      .selectFrom('webhooks')
      .select((eb) => eb.fn.countAll<number>().as('count'))
      .executeTakeFirstOrThrow();
    return count;
  }

  /** Newest first, after `before`. */
  async page(before: string | null, limit: number): Promise<WebhookRow[]> {
    let page = this.db.selectFrom('webhooks').selectAll().orderBy('id', 'desc').limit(limit);
    if (before !== null) page = page.where('id', '<', before);
    return page.execute();
  }

  async update(tx: Tx, id: string, change: Updateable<WebhooksTable>): Promise<WebhookRow> {
    return tx
      .updateTable('webhooks')
      .set(change)
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirstOrThrow();
  }

  /** With what is not delivered yet. */
  async remove(tx: Tx, id: string): Promise<void> {
    await tx.deleteFrom('webhooks').where('id', '=', id).execute();
  }

  /** Newest first, after `before`. */
  async deliveries(
    webhookId: string,
    state: DeliveryState | undefined,
    before: string | null,
    limit: number,
  ): Promise<DeliveryRow[]> {
    let page = this.db
      .selectFrom('webhook_deliveries')
      .selectAll()
      .where('webhook_id', '=', webhookId)
      .orderBy('id', 'desc')
      .limit(limit);
    if (state !== undefined) page = page.where('state', '=', state);
    if (before !== null) page = page.where('id', '<', before);
    return page.execute();
  }

  /** Due at once, whatever became of it before, with all its tries; null when there is none. */
  async makeDue(tx: Tx, webhookId: string, id: string, now: Date): Promise<DeliveryRow | null> {
    const row = await tx
      .updateTable('webhook_deliveries')
      .set({ state: 'waiting', attempts: 0, next_attempt_at: now, finished_at: null })
      .where('webhook_id', '=', webhookId)
      .where('id', '=', id)
      .returningAll()
      .executeTakeFirst();
    return row ?? null;
  }
}

/** What was not delivered, for the metrics. */
export const undelivered = async (
  db: Db,
): Promise<{ waiting: number; oldestSeconds: number; dead: number }> => {
  const { rows } = await sql<{ waiting: number; oldest_seconds: number | null; dead: number }>`
    select count(*) filter (where d.state = 'waiting' and w.disabled_at is null) as waiting,
           extract(epoch from clock_timestamp()
             - min(d.created_at) filter (where d.state = 'waiting' and w.disabled_at is null))::float8 as oldest_seconds,
           count(*) filter (where d.state = 'dead') as dead
    from webhook_deliveries d join webhooks w on w.id = d.webhook_id
    where d.state <> 'delivered'`.execute(db);
  const [row] = rows;
  return {
    waiting: row?.waiting ?? 0,
    oldestSeconds: Math.max(0, row?.oldest_seconds ?? 0),
    dead: row?.dead ?? 0,
  };
};
