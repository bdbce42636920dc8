import { sql, type Selectable } from 'kysely';
import type { Db, Tx } from '../database/database.js';
import type { AuditCheckpointsTable } from './audit.tables.js';
import { cutOff, EMPTY_CHAIN, verifyChain, type ChainFault, type ChainHead } from './chain.js';
import { makeCheckpoint, seenAs, type Checkpoint } from './checkpoint.js';
import { tryToBeSealer } from './seal-batch.store.js';
import type { SigningKey } from './signing-key.js';
import { readChain } from './verification.store.js';

/** Most events that one checkpoint covers, which bounds its transaction where signing begins on an old log. */
const MOST_EVENTS = 5_000;

export interface CheckpointPolicy {
  readonly key: SigningKey;
  /** A checkpoint is due after so many events, or when the oldest unsigned one was sealed so long ago. */
  readonly events: number;
  readonly ms: number;
}

/** `unsound`: what is there does not hold, and is not signed. `checkpoint` is the last one. */
export type CheckpointResult =
  | { readonly kind: 'made'; readonly checkpoint: Checkpoint }
  | { readonly kind: 'not_due'; readonly checkpoint: Checkpoint | null }
  | { readonly kind: 'elsewhere' }
  | { readonly kind: 'unsound'; readonly fault: ChainFault };

/**
 * Signs the chain's head if a checkpoint is due. What is signed was verified from the last checkpoint on: a signature
 * never covers what was changed in between, nor an end without the checkpoint that this process saw there. Two processes cannot both sign: it is done under the sealer's lock, and the
 * number is the primary key.
 */
export const signIfDue = (
  db: Db,
  policy: CheckpointPolicy,
  seen: Checkpoint | null = null,
): Promise<CheckpointResult> =>
  db
    .transaction()
    .setIsolationLevel('read committed')
    .execute(async (trx): Promise<CheckpointResult> => {
      if (!(await tryToBeSealer(trx))) return { kind: 'elsewhere' };
      const last = await lastCheckpoint(trx);
      if (seen && (last?.number ?? 0) < seen.number) return { kind: 'unsound', fault: goneFault(seen) };
      const { head, unsignedMs, now } = await readHead(trx, last?.sequence ?? 0);
      if (last && head.sequence < last.sequence) {
        return { kind: 'unsound', fault: cutOff(head, last, seenAs(last)) };
      }
      const waiting = head.sequence - (last?.sequence ?? 0);
      if (waiting === 0 || (waiting < policy.events && unsignedMs < policy.ms)) {
        return { kind: 'not_due', checkpoint: last };
      }

      const from = last ?? EMPTY_CHAIN;
      const links = readChain(trx, { after: from.sequence, most: MOST_EVENTS });
      const signed = await verifyChain(links, { from });
      if (signed.fault) return { kind: 'unsound', fault: signed.fault };
      const { sequence, hash } = signed.head;
      const number = (last?.number ?? 0) + 1;
      const checkpoint = makeCheckpoint(policy.key, { number, sequence, hash, at: now.toISOString() });
      await trx
        .insertInto('audit_checkpoints')
        .values({
          number,
          sequence,
          hash,
          at: now,
          key_id: checkpoint.keyId,
          signature: checkpoint.signature,
        })
        .execute();
      return { kind: 'made', checkpoint };
    });

const goneFault = ({ number, sequence }: Checkpoint): ChainFault => ({
  sequence,
  eventId: null,
  kind: 'checkpoint_missing',
  message: `Checkpoint ${number}, of sequence ${sequence}, was there and is gone.`,
});

export const checkpointOf = (row: Selectable<AuditCheckpointsTable>): Checkpoint => ({
  number: row.number,
  sequence: row.sequence,
  hash: row.hash,
  at: Number.isNaN(row.at.getTime()) ? 'invalid' : row.at.toISOString(),
  keyId: row.key_id,
  signature: row.signature,
});

/** The checkpoint with the highest number. */
export const lastCheckpoint = async (db: Db | Tx): Promise<Checkpoint | null> => {
  const row = await db
    .selectFrom('audit_checkpoints')
    .selectAll()
    .orderBy('number', 'desc')
    .limit(1)
    .executeTakeFirst();
  return row ? checkpointOf(row) : null;
};

/** Checkpoints in the order of their numbers, by keyset on the primary key. */
export async function* readCheckpoints(db: Db | Tx, after = 0): AsyncGenerator<Checkpoint> {
  const PAGE = 1_000;
  for (let number = after; ;) {
    const rows = await db
      .selectFrom('audit_checkpoints')
      .selectAll()
      .where('number', '>', number)
      .orderBy('number')
      .limit(PAGE)
      .execute();
    yield* rows.map(checkpointOf);
    const last = rows.at(-1);
    if (rows.length < PAGE || !last) return;
    number = last.number;
  }
}

/** The chain's end, and for how long the first event after `signed` has been sealed, by the database's clock. */
const readHead = async (
  trx: Tx,
  signed: number,
): Promise<{ head: ChainHead; unsignedMs: number; now: Date }> => {
  const { rows } = await sql<{
    sequence: number | null;
    hash: string | null;
    waited: number | null;
    now: Date;
  }>`
    select last.sequence, last.hash, date_trunc('milliseconds', clock_timestamp()) as now,
           (select extract(epoch from clock_timestamp() - f.sealed_at)::float8 * 1000 as waited
            from audit_seals f where f.sequence > ${signed} order by f.sequence limit 1)
    from (select 1) as one
    left join (select sequence, hash from audit_seals order by sequence desc limit 1) as last on true`.execute(
    trx,
  );
  const { sequence, hash, waited, now } = rows[0] ?? {
    sequence: null,
    hash: null,
    waited: null,
    now: new Date(),
  };
  const head = sequence === null || hash === null ? EMPTY_CHAIN : { sequence, hash };
  return { head, unsignedMs: waited ?? 0, now };
};

/** Sealed events behind the last checkpoint, for the metrics. */
export const unsignedEvents = async (db: Db): Promise<number> => {
  const { rows } = await sql<{ unsigned: number }>`
    select greatest(0, coalesce((select max(sequence) from audit_seals), 0)
                     - coalesce((select max(sequence) from audit_checkpoints), 0)) as unsigned`.execute(db);
  return rows[0]?.unsigned ?? 0;
};
