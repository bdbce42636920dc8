import { sql, type Kysely } from 'kysely';

/** Approvals, pauses, parked registries, deletions that wait for a window, and whom a key belongs to. */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`
    alter table deletions
      add column run_in text not null default 'now',
      add column approval jsonb`.execute(db);
  // What the reconciler looks for: few rows, whatever the history's size.
  await sql`create index deletions_awaiting on deletions (id) where state = 'awaiting_approval'`.execute(db);
  await sql`alter table api_keys add column owner text`.execute(db);
  await sql`
    create table pauses (
      id text primary key,
      registry text,
      reason text not null,
      created_at timestamptz(3) not null,
      created_by_id text not null,
      created_by_name text not null,
      ended_at timestamptz(3)
    )`.execute(db);
  await sql`create index pauses_in_force on pauses (id) where ended_at is null`.execute(db);
  await sql`
    create table parked_registries (
      registry text primary key,
      since timestamptz(3) not null,
      until timestamptz(3) not null,
      message text not null
    )`.execute(db);
};
