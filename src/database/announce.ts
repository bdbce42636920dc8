import { sql } from 'kysely';
import type { Db } from './database.js';

/** PostgreSQL channel on which every change of a deletion or collection is announced, with its id. */
export const CHANGES_CHANNEL = 'sexton_deletions';

/** Tells all processes, when the transaction commits, that something about `id` changed. */
export const announceChange = async (db: Db, id: string): Promise<void> => {
  await sql`select pg_notify(${CHANGES_CHANNEL}, ${id})`.execute(db);
};
