import { sql } from 'kysely';
import type { Db } from '../database/database.js';
import { eventOf } from './audit-rows.js';
import { EMPTY_CHAIN, sealAfter, type ChainHead } from './chain.js';

/** Any two numbers that nothing else locks: the two-argument form has a key space of its own. */
const SEALER_LOCK = { space: 0x5e87, key: 1 } as const;

/** `elsewhere`: another process is sealing at this moment, and will also find what this one saw. */
export type SealedBatch =
  { readonly by: 'us'; readonly sealed: number; readonly head: ChainHead } | { readonly by: 'elsewhere' };

/**
 * Seals up to `limit` unsealed events, in the order of their positions.
 *
 * Two processes cannot both seal: the transaction-level advisory lock is tried, never waited for, and PostgreSQL makes
 * the commit visible before it releases the lock; under READ COMMITTED the statements after it therefore see every
 * earlier seal. The keys of audit_seals (sequence, event_position) would refuse a second chain in any case.
 *
 * Writers are never waited for, nor do they wait: what they have not committed is not in the outbox yet, and gets a
 * later sequence though its position is lower.
 */
export const sealNextBatch = (db: Db, limit: number): Promise<SealedBatch> =>
  db
    .transaction()
    .setIsolationLevel('read committed')
    .execute(async (trx): Promise<SealedBatch> => {
      const lock = await sql<{ ours: boolean }>`
        select pg_try_advisory_xact_lock(${SEALER_LOCK.space}::int, ${SEALER_LOCK.key}::int) as ours`.execute(
        trx,
      );
      if (!lock.rows[0]?.ours) return { by: 'elsewhere' };

      const last = await trx
        .selectFrom('audit_seals')
        .select(['sequence', 'hash'])
        .orderBy('sequence', 'desc')
        .limit(1)
        .executeTakeFirst();
      const head = last ?? EMPTY_CHAIN;

      // The outbox holds only what waits, whatever the history's size. A row of it whose event is gone or sealed
      // already was made by hand; it stays for verification to name, and must not stop the sealer.
      const rows = await trx
        .selectFrom('audit_unsealed')
        .innerJoin('audit_events', 'audit_events.position', 'audit_unsealed.event_position')
        .leftJoin('audit_seals', 'audit_seals.event_position', 'audit_unsealed.event_position')
        .where('audit_seals.sequence', 'is', null)
        .selectAll('audit_events')
        .orderBy('audit_unsealed.event_position')
        .limit(limit)
        .execute();
      if (rows.length === 0) return { by: 'us', sealed: 0, head };

      const positions = new Map(rows.map((row) => [row.id, row.position]));
      const seals = sealAfter(head, rows.map(eventOf));
      await trx
        .insertInto('audit_seals')
        .values(
          seals.map((seal) => ({
            sequence: seal.sequence,
            event_position: positions.get(seal.eventId) ?? 0,
            event_id: seal.eventId,
            previous_hash: seal.previousHash,
            hash: seal.hash,
          })),
        )
        .execute();
      await trx
        .deleteFrom('audit_unsealed')
        .where(
          'event_position',
          'in',
          rows.map((row) => row.position),
        )
        .execute();
      return { by: 'us', sealed: seals.length, head: seals.at(-1) ?? head };
    });

/** How far sealing is behind, for the metrics. */
export const sealingLag = async (db: Db): Promise<{ waiting: number; oldestSeconds: number }> => {
  const { rows } = await sql<{ waiting: number; oldest_seconds: number | null }>`
    select count(*) as waiting,
           extract(epoch from clock_timestamp() - min(e.at))::float8 as oldest_seconds
    from audit_unsealed u join audit_events e on e.position = u.event_position`.execute(db);
  return { waiting: rows[0]?.waiting ?? 0, oldestSeconds: Math.max(0, rows[0]?.oldest_seconds ?? 0) };
};
