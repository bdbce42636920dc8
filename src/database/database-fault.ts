import pg from 'pg';
import { SextonError } from '../errors/sexton-error.js';

/**
 * SQLSTATE classes and codes that say nothing about the statement: no connection (08), no room, memory or connection left
 * (53), an error of its machine (58), shutting down, crashed or starting (57P0x), a standby (25006), and transactions that
 * were in each other's way (40). https://www.postgresql.org/docs/18/errcodes-appendix.html
 */
const PASSING = /^(08|53|58|57P0[1-5]|25006|40001|40P01)/;

/** Of the sockets below, with no SQLSTATE. */
const NETWORK =
  /^(ECONNREFUSED|ECONNRESET|ECONNABORTED|EPIPE|ETIMEDOUT|EHOSTUNREACH|ENETUNREACH|ENOTFOUND|EAI_AGAIN)$/;

/** Errors of pg 8 (lib/client.js) and pg-pool that have no code at all. */
const WITHOUT_CODE =
  /^(Connection terminated|timeout exceeded when trying to connect|timeout expired|Query read timeout|Client has encountered a connection error|Client was closed)/;

/**
 * `database_unavailable` where PostgreSQL is away, full or recovering, which is nobody's fault who asked for something;
 * null for any other error.
 */
export const databaseFault = (thrown: unknown): SextonError | null => {
  if (!(thrown instanceof Error)) return null;
  const code = 'code' in thrown && typeof thrown.code === 'string' ? thrown.code : '';
  const isPassing =
    thrown instanceof pg.DatabaseError
      ? PASSING.test(code)
      : NETWORK.test(code) || (code === '' && WITHOUT_CODE.test(thrown.message));
  if (!isPassing) return null;
  return new SextonError('database_unavailable', {
    detail: `The database does not work at this moment${code === '' ? '' : ` (${code})`}`,
    retryAfterMs: 1_000,
    cause: thrown,
  });
};

/**
 * For `catch` where somebody asks again anyway: null for a database that is away for a moment; other errors are thrown
 * again.
 */
export const nothingWhileAway = (error: unknown): null => {
  if (databaseFault(error)) return null;
  throw error;
};
