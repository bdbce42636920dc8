import { sql } from 'kysely';
import type { Db, Tx } from '../database/database.js';
import { eventOf } from './audit-rows.js';
import type { ChainFault, ChainLink } from './chain.js';

/** Links of one query; what bounds the memory of a verification. */
const PAGE = 1_000;

/** One snapshot for the whole verification, so that counts and chain agree while others go on recording and sealing. */
export const inOneSnapshot = <T>(db: Db, work: (trx: Tx) => Promise<T>): Promise<T> =>
  db.transaction().setIsolationLevel('repeatable read').setAccessMode('read only').execute(work);

/**
 * Seals in the order of the chain, each with its event, by keyset on the seals' primary key: from `after` on, `most` of
 * them or all.
 */
export async function* readChain(
  trx: Tx,
  { after = null, most = Infinity }: { after?: number | null; most?: number } = {},
): AsyncGenerator<ChainLink> {
  let left = most;
  for (let last = after; ;) {
    const size = Math.min(PAGE, left);
    let page = trx
      .selectFrom('audit_seals as s')
      .leftJoin('audit_events as e', 'e.position', 's.event_position')
      .selectAll('e')
      .select(['s.sequence', 's.event_id', 's.previous_hash', 's.hash'])
      .orderBy('s.sequence')
      .limit(size);
    if (last !== null) page = page.where('s.sequence', '>', last);
    const rows = await page.execute();
    for (const { sequence, event_id: eventId, previous_hash: previousHash, hash, ...row } of rows) {
      yield { seal: { sequence, eventId, previousHash, hash }, event: isWhole(row) ? eventOf(row) : null };
    }
    left -= rows.length;
    last = rows.at(-1)?.sequence ?? null;
    if (rows.length < size || left === 0 || last === null) return;
  }
}

/** A left join that found nothing has null in every column, also in the key. */
const isWhole = <T extends { position: number | null }>(row: T): row is T & Parameters<typeof eventOf>[0] =>
  row.position !== null;

export interface AuditCounts {
  readonly events: number;
  readonly sealed: number;
  readonly unsealed: number;
}

export const countRows = async (trx: Tx): Promise<AuditCounts> => {
  const { rows } = await sql<AuditCounts>`
    select (select count(*) from audit_events) as events,
           (select count(*) from audit_seals) as sealed,
           (select count(*) from audit_unsealed) as unsealed`.execute(trx);
  return rows[0] ?? { events: 0, sealed: 0, unsealed: 0 };
};

/**
 * What the chain itself cannot show: an event that is neither sealed nor waiting was put there beside the trigger, and
 * a waiting event that is not there was removed before it was sealed.
 */
export const faultOutsideChain = async (trx: Tx): Promise<ChainFault | null> => {
  const appended = await sql<{ id: string }>`
    select e.id from audit_events e
    where not exists (select from audit_seals s where s.event_position = e.position)
      and not exists (select from audit_unsealed u where u.event_position = e.position)
    order by e.position limit 1`.execute(trx);
  const stranger = appended.rows[0];
  if (stranger) {
    const message = `Event ${stranger.id} is neither sealed nor waiting: it was not recorded by Sexton.`;
    return { sequence: null, eventId: stranger.id, kind: 'appended', message };
  }
  const removed = await sql<{ position: number }>`
    select u.event_position as position from audit_unsealed u
    where not exists (select from audit_events e where e.position = u.event_position)
    order by u.event_position limit 1`.execute(trx);
  const lost = removed.rows[0];
  if (!lost) return null;
  const message = `The event at position ${lost.position} is gone; it was not sealed yet.`;
  return { sequence: null, eventId: null, kind: 'missing', message };
};

/** The destination that has the highest sequence. */
export const furthestForwarded = async (trx: Tx): Promise<{ destination: string; sequence: number } | null> =>
  (await trx
    .selectFrom('audit_forwarding')
    .select(['destination', 'sequence'])
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst()) ?? null;
