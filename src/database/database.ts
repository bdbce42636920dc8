import { Kysely, type Transaction } from 'kysely';
import pg from 'pg';
import { SextonError } from '../errors/sexton-error.js';
import { Announcer, AnnouncingDialect } from './announce.js';
import type { Database } from './schema.js';

/** Nest token of `Kysely<Database>`. */
export const DATABASE = Symbol('DATABASE');

export type Db = Kysely<Database>;
export type Tx = Transaction<Database>;

/** bigint columns here count rows and bytes, far below 2^53; as numbers they are JSON and compare as expected. */
const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.INT8, Number);

/** A new connection costs a password's hash and a process of PostgreSQL: not again at each burst of requests. */
const IDLE_MS = 600_000;

/** A pool on `url`. Lost idle connections are replaced silently; the next query sees whatever is wrong. */
export const createPool = (url: string, max: number, applicationName = 'sexton'): pg.Pool => {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    types,
    application_name: applicationName,
    connectionTimeoutMillis: 10_000,
    idleTimeoutMillis: IDLE_MS,
    keepAlive: true,
  });
  // A connection that dies while it is in use also fails its query, where it is answered; without a listener on the
  // client itself the event would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  pool.on('error', () => undefined);
  return pool;
};

/**
 * Opens the first connection, and says what to look at where that fails: the driver's own words name neither PostgreSQL
 * nor the setting, and of a host with several addresses there are none.
 */
export const connectFirst = async (pool: { connect(): Promise<{ release(): void }> }): Promise<void> => {
  try {
    (await pool.connect()).release();
  } catch (error) {
    throw new Error(
      `PostgreSQL cannot be used: ${reasonOf(error)}. See that it runs, and that address, user, password and database in DATABASE_URL are right`,
      { cause: error },
    );
  }
};

const reasonOf = (error: unknown): string => {
  if (error instanceof AggregateError) return error.errors.map(reasonOf).join(', ');
  return error instanceof Error ? error.message : 'no connection';
};

/** Kysely does not tell which pool it is on. */
const pools = new WeakMap<Db, { readonly pool: pg.Pool; readonly announcer: Announcer }>();

export const createDatabase = (pool: pg.Pool): Db => {
  const announcer = new Announcer(pool);
  const db: Db = new Kysely<Database>({ dialect: new AnnouncingDialect({ pool }, announcer) });
  pools.set(db, { pool, announcer });
  return db;
};

/**
 * Runs `work` on one connection that is its own. `lost` is aborted as soon as that connection ends, whatever is done at
 * that moment: what the session held, another may hold by then. The connection goes back to the pool only after `keep`,
 * which says that nothing is left on it; otherwise it is closed.
 */
export const onOwnConnection = async <T>(
  db: Db,
  work: (connection: Db, session: { readonly lost: AbortSignal; readonly keep: () => void }) => Promise<T>,
): Promise<T> => {
  const made = pools.get(db);
  if (!made) throw new Error('the database was not made by createDatabase');
  const client = await made.pool.connect();
  const lost = new AbortController();
  const onEnd = (): void =>
    lost.abort(
      new SextonError('database_unavailable', { detail: 'The connection that held the claim was lost' }),
    );
  client.on('end', onEnd);
  client.on('error', onEnd);
  let isKept = false;
  const keep = (): void => {
    isKept = !lost.signal.aborted;
  };
  try {
    const alone = {
      connect: async () => ({ query: client.query.bind(client), release: () => undefined }),
      end: async () => undefined,
    };
    const own: Db = new Kysely<Database>({ dialect: new AnnouncingDialect({ pool: alone }, made.announcer) });
    return await own.connection().execute((connection) => work(connection, { lost: lost.signal, keep }));
  } finally {
    client.off('end', onEnd);
    client.off('error', onEnd);
    client.release(!isKept);
  }
};
