import { newId } from '../../ids/new-id.js';
import type { Db, Tx } from '../../database/database.js';
import { chainHead, sealedPage, type SealedEvent } from '../../audit/export.store.js';
import { noticeTypeOf, onceKeyOf } from '../notice.js';
import { covers } from '../places.js';

/** `elsewhere`: another process is at it at this moment. */
export type FedBatch =
  { readonly by: 'us'; readonly read: number; readonly deliveries: number } | { readonly by: 'elsewhere' };

interface Subscription {
  readonly id: string;
  readonly events: readonly string[];
  readonly repositories: readonly string[];
  readonly after_sequence: number;
}

/**
 * Makes deliveries of the next audit events, at most `limit` of them, and moves the feed's cursor, in one transaction:
 * whatever dies in between leaves neither. The sealed chain is the outbox; each event was written in the transaction of
 * what it records, and one sealer commits sequences in their order, so that nothing appears behind the cursor.
 *
 * Two processes cannot both feed: the cursor's row is locked until the commit, and `skip locked` makes the second one go
 * away instead of waiting. The unique key of webhook and sequence would refuse a second delivery in any case.
 *
 * Events are read before the webhooks: one that is made in between has its place in the log behind these.
 */
export const feedNextBatch = (db: Db, limit: number, now: Date): Promise<FedBatch> =>
  db
    .transaction()
    .setIsolationLevel('read committed')
    .execute(async (trx): Promise<FedBatch> => {
      const feed = await trx
        .selectFrom('webhook_feed')
        .selectAll()
        .forUpdate()
        .skipLocked()
        .executeTakeFirst();
      if (!feed) return { by: 'elsewhere' };
      const head = await chainHead(trx);
      if (head.sequence <= feed.sequence) return { by: 'us', read: 0, deliveries: 0 };
      const events = await sealedPage(trx, { after: feed.sequence, upTo: head.sequence, limit });
      const webhooks = await enabled(trx);
      // With nobody to tell, a long log is passed by at once.
      const end = webhooks.length === 0 ? head.sequence : (events.at(-1)?.seal.sequence ?? head.sequence);
      const rows = events.flatMap((sealed) => deliveriesOf(sealed, webhooks, now));
      for (let at = 0; at < rows.length; at += ROWS_PER_STATEMENT) {
        await trx
          .insertInto('webhook_deliveries')
          .values(rows.slice(at, at + ROWS_PER_STATEMENT))
          .onConflict((conflict) => conflict.doNothing())
          .execute();
      }
      await trx.updateTable('webhook_feed').set({ sequence: end }).execute();
      return { by: 'us', read: events.length, deliveries: rows.length };
    });

/** PostgreSQL takes 65535 parameters; a row has eight. */
const ROWS_PER_STATEMENT = 2_000;

const enabled = (trx: Tx): Promise<Subscription[]> =>
  trx
    .selectFrom('webhooks')
    .select(['id', 'events', 'repositories', 'after_sequence'])
    .where('disabled_at', 'is', null)
    // Not deleted before the deliveries that refer to it are there.
    .forKeyShare()
    .execute();

const deliveriesOf = ({ seal, event }: SealedEvent, webhooks: readonly Subscription[], now: Date) => {
  const type = noticeTypeOf(event);
  if (type === null) return [];
  return webhooks
    .filter(
      ({ events, repositories, after_sequence: after }) =>
        seal.sequence > after && events.includes(type) && covers(repositories, event),
    )
    .map(({ id }) => ({
      id: `msg_${newId()}`,
      webhook_id: id,
      sequence: seal.sequence,
      type,
      once_key: onceKeyOf(type, event),
      state: 'waiting' as const,
      created_at: now,
      next_attempt_at: now,
    }));
};
