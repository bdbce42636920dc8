import { createHash } from 'node:crypto';
import { sql } from 'kysely';
import { onOwnConnection, type Db } from './database.js';

/** How long a proof that the claim is held stays good enough to delete something after it. */
const PROOF_MS = 3_000;

/** The right to work on one thing, held by one connection of one process. */
export interface Claim {
  /** The connection that holds the claim: what is written through it is written while the claim is held. */
  readonly db: Db;
  /** Aborted as soon as the connection that holds the claim ends: what is under way is cut off, and nothing more is sent. */
  readonly lost: AbortSignal;
  /** Throws when the claim was lost with its connection. Called right before anything is deleted. */
  assertHeld(): Promise<void>;
}

/** A 64-bit hash names the thing; a collision only makes two things take turns. */
const lockKey = (thing: string): bigint => createHash('sha256').update(thing).digest().readBigInt64BE(0);

/**
 * Runs `work` as the only one in all processes that works on `thing`, or returns null at once when another does.
 *
 * The fence is a session-level advisory lock of PostgreSQL: the server, not this process, knows who holds it, and it
 * ends with the connection. A worker that was frozen and wakes up finds its connection gone and its first write
 * refused, before it can delete anything; one whose connection lives on still holds the lock, so nobody took over. A
 * restarted PostgreSQL has forgotten every lock: `lost` tells a worker that is in the middle of something.
 */
export const withClaim = <T>(
  db: Db,
  thing: string,
  work: (claim: Claim) => Promise<T>,
  proofMs = PROOF_MS,
): Promise<T | null> =>
  onOwnConnection(db, async (connection, { lost, keep }) => {
    const key = lockKey(thing);
    // A machine that vanishes without closing its connections gives its claims back within about a minute.
    const { rows } = await sql<{ mine: boolean }>`
      select set_config('tcp_keepalives_idle', '20', false), set_config('tcp_keepalives_interval', '10', false),
        set_config('tcp_keepalives_count', '3', false), pg_try_advisory_lock(${key}) as mine`.execute(
      connection,
    );
    if (!rows[0]?.mine) {
      keep();
      return null;
    }
    let provedAt = performance.now();
    try {
      return await work({
        db: connection,
        lost,
        assertHeld: async () => {
          lost.throwIfAborted();
          while (performance.now() - provedAt > proofMs) {
            const asked = performance.now();
            await sql`select 1`.execute(connection);
            provedAt = asked;
          }
        },
      });
    } finally {
      // Where this fails the connection is closed, and the claim ends with it.
      await sql`select pg_advisory_unlock(${key})`.execute(connection).then(keep, () => undefined);
    }
  });

/** What is claimed at this moment, in any process: a look, not a lock. */
export const readAllClaims = async (db: Db): Promise<(thing: string) => boolean> => {
  // pg_locks shows a bigint key as its two halves, with objsubid 1.
  const { rows } = await sql<{ key: string }>`
    select ((classid::bigint << 32) | objid::bigint)::text as key from pg_locks
    where locktype = 'advisory' and granted and objsubid = 1
      and database = (select oid from pg_database where datname = current_database())`.execute(db);
  const held = new Set(rows.map((row) => row.key));
  return (thing) => held.has(lockKey(thing).toString());
};
