import { sql, type Kysely } from 'kysely';

/** Deletions, their targets and tombstones, and the idempotency keys of requests. */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`
    create table deletions (
      id text primary key,
      registry text not null,
      repository text not null,
      state text not null,
      dry_run boolean not null,
      reason text not null,
      ticket text,
      labels jsonb not null,
      requested_references jsonb not null,
      siblings text not null,
      referrers text not null,
      children text not null,
      requested_by_id text not null,
      requested_by_name text not null,
      requested_by_address text,
      request_id text,
      plan jsonb,
      problem jsonb,
      attempts integer not null default 0,
      not_before timestamptz(3),
      created_at timestamptz(3) not null,
      planned_at timestamptz(3),
      queued_at timestamptz(3),
      started_at timestamptz(3),
      finished_at timestamptz(3)
    )`.execute(db);
  // Lists are newest first by id (a ULID), optionally inside one repository.
  await sql`create index deletions_by_repository on deletions (registry, repository, id desc)`.execute(db);
  await sql`create index deletions_by_requester on deletions (requested_by_id, id desc)`.execute(db);
  // What the workers and the reconciler look for: few rows, whatever the history's size.
  await sql`
    create index deletions_open on deletions (registry, repository, state, id)
    where state in ('planning', 'queued', 'running')`.execute(db);
  await sql`
    create table deletion_targets (
      deletion_id text not null references deletions (id),
      position integer not null,
      reference text not null,
      digest text not null,
      outcome text,
      code text,
      message text,
      started_at timestamptz(3),
      finished_at timestamptz(3),
      primary key (deletion_id, position)
    )`.execute(db);
  await sql`
    create table tombstones (
      deletion_id text not null references deletions (id),
      digest text not null,
      media_type text not null,
      bytes bytea not null,
      tags jsonb not null,
      created_at timestamptz(3) not null,
      primary key (deletion_id, digest)
    )`.execute(db);
  await sql`
    create table idempotency_keys (
      caller_id text not null,
      key text not null,
      request_hash text not null,
      deletion_id text not null references deletions (id),
      created_at timestamptz(3) not null,
      primary key (caller_id, key)
    )`.execute(db);
};
