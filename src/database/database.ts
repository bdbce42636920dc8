import { Kysely, PostgresDialect, type Transaction } from 'kysely';
import pg from 'pg';
import type { Database } from './schema.js';

/** Nest token of `Kysely<Database>`. */
export const DATABASE = Symbol('DATABASE');

export type Db = Kysely<Database>;
export type Tx = Transaction<Database>;

/** bigint columns here count rows and bytes, far below 2^53; as numbers they are JSON and compare as expected. */
const types = new pg.TypeOverrides();
types.setTypeParser(pg.types.builtins.INT8, Number);

/** A pool on `url`. Lost idle connections are replaced silently; the next query sees whatever is wrong. */
export const createPool = (url: string, max: number, applicationName = 'sexton'): pg.Pool => {
  const pool = new pg.Pool({
    connectionString: url,
    max,
    types,
    application_name: applicationName,
    connectionTimeoutMillis: 10_000,
    keepAlive: true,
  });
  // A connection that dies while it is in use also fails its query, where it is answered; without a listener on the
  // client itself the event would end the process.
  pool.on('connect', (client) => client.on('error', () => undefined));
  pool.on('error', () => undefined);
  return pool;
};

export const createDatabase = (pool: pg.Pool): Db =>
  new Kysely<Database>({ dialect: new PostgresDialect({ pool }) });
