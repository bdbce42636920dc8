import { sql, type Kysely } from 'kysely';

/** Who had a dry run executed: it counts for the day of that caller too (limits.targetsPerDay). */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`alter table deletions add column executed_by_id text`.execute(db);
  await sql`
    create index deletions_by_executor on deletions (executed_by_id) where executed_by_id is not null`.execute(
    db,
  );
};
