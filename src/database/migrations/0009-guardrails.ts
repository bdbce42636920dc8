import { sql, type Kysely } from 'kysely';

/** Holds, approvals, pauses, who a key belongs to, and which registries are left alone for a moment. */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`
    create table holds (
      id text primary key,
      registry text not null,
      repository text not null,
      tags text,
      digest text,
      reason text not null,
      owner text not null,
      legal boolean not null,
      created_at timestamptz(3) not null,
      created_by_id text not null,
      created_by_name text not null,
      expires_at timestamptz(3),
      lift_request jsonb,
      lifted_at timestamptz(3),
      lifted jsonb
    )`.execute(db);
  // What every plan and every target asks for.
  await sql`create index holds_in_force on holds (registry, id) where lifted_at is null`.execute(db);
  // A key made before this has no owner: it is a person of its own.
  await sql`alter table api_keys add column owner text, add column rotated_by text`.execute(db);
  await sql`
    alter table deletions
      add column run_in text not null default 'now',
      add column approval jsonb,
      add column approval_expires_at timestamptz(3)`.execute(db);
  await sql`
    create index deletions_awaiting_approval on deletions (approval_expires_at)
    where state = 'awaiting_approval'`.execute(db);
  // What a caller had queued within a day (limits.targetsPerDay).
  await sql`create index deletions_by_queueing on deletions (requested_by_id, queued_at)`.execute(db);
  await sql`
    create table pauses (
      id text primary key,
      registry text,
      reason text not null,
      created_at timestamptz(3) not null,
      created_by_id text not null,
      created_by_name text not null,
      ended_at timestamptz(3),
      ended jsonb
    )`.execute(db);
  await sql`create index pauses_in_force on pauses (id) where ended_at is null`.execute(db);
  // One row per process whose circuit breaker is open; a process that dies leaves one that is over by itself.
  await sql`
    create table parked_registries (
      registry text not null,
      worker text not null,
      reason text not null,
      since timestamptz(3) not null,
      until timestamptz(3) not null,
      primary key (registry, worker)
    )`.execute(db);
};
