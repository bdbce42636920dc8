import { sql, type Selectable } from 'kysely';
import { newId } from '../../ids/new-id.js';
import type { Db, Tx } from '../../database/database.js';
import type { WebhookDeliveriesTable, WebhooksTable } from './webhooks.tables.js';

export type WebhookRow = Selectable<WebhooksTable>;
export type DeliveryRow = Selectable<WebhookDeliveriesTable>;

/** The right to deliver to one webhook, until it is given back or its time is over. */
export interface WebhookClaim {
  readonly webhook: WebhookRow;
  readonly token: string;
}

/**
 * Claims the enabled webhook with something due that was served longest ago, leaving out those at `busyOrigins`; null
 * when there is none.
 *
 * Two processes cannot both win: the row is locked, `skip locked` makes the other one look at the next,
 * and after the commit the claim stands in the row itself. It is a lease, because a receiver may take seconds to answer
 * and no connection is held meanwhile: who dies frees the webhook when `until` passes. Who lives on longer than that
 * finds its token gone, and records nothing (`keepClaim`, `record…`).
 */
export const claimWebhook = async (
  db: Db,
  now: Date,
  until: Date,
  busyOrigins: readonly string[],
): Promise<WebhookClaim | null> => {
  const token = newId();
  const webhook = await db
    .updateTable('webhooks')
    .set({ claim: token, claimed_until: until, served_at: now })
    .where('id', '=', (eb) =>
      eb
        .selectFrom('webhooks as w')
        .select('w.id')
        .where('w.disabled_at', 'is', null)
        .where((or) => or.or([or('w.claimed_until', 'is', null), or('w.claimed_until', '<=', now)]))
        .where('w.origin', '<>', sql<string>`all (${busyOrigins}::text[])`)
        .where((exists) =>
          exists.exists(
            exists
              .selectFrom('webhook_deliveries as d')
              .select('d.id')
              .whereRef('d.webhook_id', '=', 'w.id')
              .where('d.state', '=', 'waiting')
              .where('d.next_attempt_at', '<=', now),
          ),
        )
        .orderBy(sql`w.served_at nulls first`)
        .limit(1)
        .forNoKeyUpdate()
        .skipLocked(),
    )
    .returningAll()
    .executeTakeFirst();
  return webhook ? { webhook, token } : null;
};

/** Prolongs the claim, and reads the webhook as it is now; null when the claim is lost, or the webhook is off or gone. */
export const keepClaim = async (
  db: Db,
  { webhook, token }: WebhookClaim,
  until: Date,
): Promise<WebhookRow | null> =>
  (await db
    .updateTable('webhooks')
    .set({ claimed_until: until })
    .where('id', '=', webhook.id)
    .where('claim', '=', token)
    .where('disabled_at', 'is', null)
    .returningAll()
    .executeTakeFirst()) ?? null;

export const releaseClaim = async (db: Db, { webhook, token }: WebhookClaim): Promise<void> => {
  await db
    .updateTable('webhooks')
    .set({ claim: null, claimed_until: null })
    .where('id', '=', webhook.id)
    .where('claim', '=', token)
    .execute();
};

/** Of what is due the first in the order of the log. */
export const nextDue = async (db: Db, webhookId: string, now: Date): Promise<DeliveryRow | null> =>
  (await db
    .selectFrom('webhook_deliveries')
    .selectAll()
    .where('webhook_id', '=', webhookId)
    .where('state', '=', 'waiting')
    .where('next_attempt_at', '<=', now)
    .orderBy('sequence')
    .limit(1)
    .executeTakeFirst()) ?? null;

/** Whether this transaction may record what came of an attempt: the claim is still ours, and stays so until it ends. */
export const holdsClaim = async (tx: Tx, { webhook, token }: WebhookClaim): Promise<boolean> =>
  (await tx
    .selectFrom('webhooks')
    .select('id')
    .where('id', '=', webhook.id)
    .where('claim', '=', token)
    .forNoKeyUpdate()
    .executeTakeFirst()) !== undefined;

export interface Attempted {
  readonly state: DeliveryRow['state'];
  readonly at: Date;
  readonly nextAt: Date | null;
  readonly status: number | null;
  readonly fault: string | null;
}

export const recordAttempt = async (
  tx: Tx,
  { id, attempts }: DeliveryRow,
  { state, at, nextAt, status, fault }: Attempted,
): Promise<void> => {
  await tx
    .updateTable('webhook_deliveries')
    .set({
      state,
      attempts: attempts + 1,
      last_attempt_at: at,
      next_attempt_at: nextAt,
      last_status: status,
      last_fault: fault,
      finished_at: state === 'waiting' ? null : at,
    })
    .where('id', '=', id)
    .execute();
};

/** The receiver is gone for good; what waits for it stays, and goes on if somebody enables the webhook again. */
export const disableGone = async (tx: Tx, id: string, at: Date): Promise<void> => {
  await tx
    .updateTable('webhooks')
    .set({ disabled_at: at, disabled_because: 'gone', claim: null, claimed_until: null })
    .where('id', '=', id)
    .execute();
};

/** Notices older than this are forgotten, whatever became of them; the audit log keeps what they were about. */
export const forgetOlderThan = async (db: Db, age: Date): Promise<number> => {
  const { numDeletedRows } = await db
    .deleteFrom('webhook_deliveries')
    .where('created_at', '<', age)
    .executeTakeFirst();
  return Number(numDeletedRows);
};
