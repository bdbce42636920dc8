import { sql, type Kysely } from 'kysely';

/** Deletions by rules in place of names, and how far planning has come. */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`alter table deletions add column selector jsonb, add column progress jsonb`.execute(db);
};
