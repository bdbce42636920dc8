import { sql, type Selectable } from 'kysely';
import type { Db, Tx } from '../database/database.js';
import { eventOf } from './audit-rows.js';
import type { AuditEventsTable } from './audit.tables.js';
import { EMPTY_CHAIN, sealAfter, type ChainHead, type Seal } from './chain.js';

/** Any two numbers that nothing else locks: the two-argument form has a key space of its own. */
const SEALER_LOCK = { space: 0x5e87, key: 1 } as const;

/** `elsewhere`: another process is sealing at this moment, and will also find what this one saw. */
export type SealedBatch =
  { readonly by: 'us'; readonly sealed: number; readonly head: ChainHead } | { readonly by: 'elsewhere' };

/** Whether this transaction is the sealer until its end: the lock is tried, never waited for. */
export const tryToBeSealer = async (trx: Tx): Promise<boolean> => {
  const { rows } = await sql<{ ours: boolean }>`
    select pg_try_advisory_xact_lock(${SEALER_LOCK.space}::int, ${SEALER_LOCK.key}::int) as ours`.execute(
    trx,
  );
  return rows[0]?.ours ?? false;
};

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
      if (!(await tryToBeSealer(trx))) return { by: 'elsewhere' };

      const last = await trx
        .selectFrom('audit_seals')
        .select(['sequence', 'hash'])
        .orderBy('sequence', 'desc')
        .limit(1)
        .executeTakeFirst();
      const head = last ?? EMPTY_CHAIN;

      const rows = await nextUnsealed(trx, limit);
      if (rows.length === 0) return { by: 'us', sealed: 0, head };

      const positions = new Map(rows.map((row) => [row.id, row.position]));
      const seals = sealAfter(head, rows.map(eventOf));
      await insertSeals(
        trx,
        seals.map((seal) => ({ ...seal, position: positions.get(seal.eventId) ?? 0 })),
      );
      await trx
        .deleteFrom('audit_unsealed')
        .where('event_position', '=', sql<number>`any (${rows.map((row) => row.position)}::bigint[])`)
        .execute();
      return { by: 'us', sealed: seals.length, head: seals.at(-1) ?? head };
    });

/** As arrays: with a parameter for each value, putting the statement together took longer than hashing the events. */
const insertSeals = async (
  trx: Tx,
  seals: readonly (Seal & { readonly position: number })[],
): Promise<void> => {
  await sql`
    insert into audit_seals (sequence, event_position, event_id, previous_hash, hash)
    select * from unnest(
      ${seals.map(({ sequence }) => sequence)}::bigint[],
      ${seals.map(({ position }) => position)}::bigint[],
      ${seals.map(({ eventId }) => eventId)}::text[],
      ${seals.map(({ previousHash }) => previousHash)}::text[],
      ${seals.map(({ hash }) => hash)}::text[])`.execute(trx);
};

/**
 * The next events to seal. Positions come first and their rows by key: as one join, PostgreSQL read the whole outbox and
 * all seals for each batch (80 ms instead of 20 with 60 000 waiting, and more with every seal).
 *
 * A row of the outbox whose event is gone, or sealed already, was made by hand; it stays for verification to name, and is
 * stepped over, so that it cannot stop the sealer.
 */
const nextUnsealed = async (trx: Tx, limit: number): Promise<Selectable<AuditEventsTable>[]> => {
  for (let after = Number.MIN_SAFE_INTEGER; ;) {
    const waiting = await trx
      .selectFrom('audit_unsealed')
      .select('event_position')
      .where('event_position', '>', after)
      .orderBy('event_position')
      .limit(limit)
      .execute();
    const last = waiting.at(-1);
    if (!last) return [];
    const positions = waiting.map((row) => row.event_position);
    const sealed = await trx
      .selectFrom('audit_seals')
      .select('event_position')
      .where('event_position', '=', sql<number>`any (${positions}::bigint[])`)
      .execute();
    const isSealed = new Set(sealed.map((row) => row.event_position));
    const rows = await trx
      .selectFrom('audit_events')
      .selectAll()
      .where('position', '=', sql<number>`any (${positions.filter((p) => !isSealed.has(p))}::bigint[])`)
      .orderBy('position')
      .execute();
    if (rows.length > 0 || waiting.length < limit) return rows;
    after = last.event_position;
  }
};

/** How far sealing is behind, for the metrics. */
export const sealingLag = async (db: Db): Promise<{ waiting: number; oldestSeconds: number }> => {
  const { rows } = await sql<{ waiting: number; oldest_seconds: number | null }>`
    select count(*) as waiting,
           extract(epoch from clock_timestamp() - min(e.at))::float8 as oldest_seconds
    from audit_unsealed u join audit_events e on e.position = u.event_position`.execute(db);
  return { waiting: rows[0]?.waiting ?? 0, oldestSeconds: Math.max(0, rows[0]?.oldest_seconds ?? 0) };
};
