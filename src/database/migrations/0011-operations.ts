import { sql, type Kysely } from 'kysely';

/** The trace that a request belongs to, and which builds the schema still serves. */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`alter table deletions add column traceparent text`.execute(db);
  await sql`alter table collections add column traceparent text`.execute(db);
  // One row, written by the newest build that migrated: an older one reads whether it may still run.
  await sql`
    create table schema_compatibility (
      id integer primary key check (id = 1),
      oldest_build text not null
    )`.execute(db);
};
