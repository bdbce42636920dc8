import { sql } from 'kysely';
import type { Db, Tx } from '../../database/database.js';
import type { Checkpoint } from '../checkpoint.js';
import { checkpointOf } from '../checkpoint.store.js';
import { checkpointRecord, eventRecord } from '../evidence-records.js';
import { sealedPage } from '../export.store.js';
import type { Destination, ForwardedRecord } from './destination.js';

/** Beside the sealer's lock: one key a destination. */
const LOCK_SPACE = 0x5e88;

interface Cursor {
  readonly sequence: number;
  readonly checkpoint: number;
}

/** `elsewhere`: another process is delivering to it at this moment. */
export type ForwardedBatch = { readonly by: 'us'; readonly records: number } | { readonly by: 'elsewhere' };

/**
 * Delivers the next records to `destination`, at most `limit` events and as many checkpoints, and moves its cursor when
 * it has them.
 *
 * Two processes cannot both deliver: a transaction-level advisory lock is tried, never waited for, and held until the
 * cursor is committed. Whatever fails in between leaves the cursor where it was, and the batch is delivered again: at
 * least once, never none. Sequences become visible in their order, since one sealer commits them, so that nothing
 * appears behind the cursor.
 */
export const forwardNextBatch = (db: Db, destination: Destination, limit: number): Promise<ForwardedBatch> =>
  db
    .transaction()
    .setIsolationLevel('read committed')
    .execute(async (trx): Promise<ForwardedBatch> => {
      const lock = await sql<{ ours: boolean }>`
        select pg_try_advisory_xact_lock(${LOCK_SPACE}::int, hashtext(${destination.name})) as ours`.execute(
        trx,
      );
      if (!lock.rows[0]?.ours) return { by: 'elsewhere' };
      const { records, cursor } = await nextRecords(trx, await cursorOf(trx, destination.name), limit);
      if (records.length === 0) return { by: 'us', records: 0 };
      await destination.deliver(records);
      const moved = { ...cursor, updated_at: sql<Date>`clock_timestamp()` };
      await trx
        .insertInto('audit_forwarding')
        .values({ destination: destination.name, ...moved })
        .onConflict((conflict) => conflict.column('destination').doUpdateSet(moved))
        .execute();
      return { by: 'us', records: records.length };
    });

const cursorOf = async (trx: Tx, destination: string): Promise<Cursor> =>
  (await trx
    .selectFrom('audit_forwarding')
    .select(['sequence', 'checkpoint'])
    .where('destination', '=', destination)
    .executeTakeFirst()) ?? { sequence: 0, checkpoint: 0 };

/** A checkpoint comes behind the event that it signs, or, made later than that was delivered, with the next batch. */
const nextRecords = async (
  trx: Tx,
  { sequence, checkpoint }: Cursor,
  limit: number,
): Promise<{ records: ForwardedRecord[]; cursor: Cursor }> => {
  const events = await sealedPage(trx, { after: sequence, upTo: Number.MAX_SAFE_INTEGER, limit });
  const end = events.at(-1)?.seal.sequence ?? sequence;
  const rows = await trx
    .selectFrom('audit_checkpoints')
    .selectAll()
    .where('number', '>', checkpoint)
    .where('sequence', '<=', end)
    .orderBy('number')
    .limit(limit)
    .execute();
  const waiting: Checkpoint[] = rows.map(checkpointOf);
  const upTo = (place: number): ForwardedRecord[] => {
    const after = waiting.findIndex((one) => one.sequence > place);
    return waiting.splice(0, after < 0 ? waiting.length : after).map(checkpointRecord);
  };
  const records = [
    ...upTo(sequence),
    ...events.flatMap(({ seal, event }) => [eventRecord(seal, event), ...upTo(seal.sequence)]),
  ];
  return { records, cursor: { sequence: end, checkpoint: rows.at(-1)?.number ?? checkpoint } };
};

/** How far each destination is behind, for the metrics. */
export const forwardingLag = async (
  db: Db,
  destinations: readonly string[],
): Promise<readonly { destination: string; waiting: number; oldestSeconds: number }[]> => {
  const { rows } = await sql<{ destination: string; waiting: number; oldest_seconds: number | null }>`
    select d.destination, greatest(0, coalesce(head.sequence, 0) - coalesce(f.sequence, 0)) as waiting,
           (select extract(epoch from clock_timestamp() - s.sealed_at)::float8 from audit_seals s
            where s.sequence > coalesce(f.sequence, 0) order by s.sequence limit 1) as oldest_seconds
    from unnest(${destinations}::text[]) as d (destination)
    left join audit_forwarding f using (destination)
    left join (select max(sequence) as sequence from audit_seals) as head on true`.execute(db);
  return rows.map(({ destination, waiting, oldest_seconds: oldest }) => ({
    destination,
    waiting,
    oldestSeconds: Math.max(0, oldest ?? 0),
  }));
};
