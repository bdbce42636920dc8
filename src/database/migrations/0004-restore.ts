import { sql, type Kysely } from 'kysely';

/** A restore that was asked for and is not done yet, and when one was done. */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`alter table deletions add column restore_request jsonb, add column restored_at timestamptz(3)`.execute(
    db,
  );
  await sql`
    create index deletions_to_restore on deletions (registry, repository, id)
    where restore_request is not null`.execute(db);
};
