import { sql, type Kysely } from 'kysely';

/** The trace that a request belongs to, for whoever works on it later. */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`alter table deletions add column traceparent text`.execute(db);
  await sql`alter table collections add column traceparent text`.execute(db);
};
