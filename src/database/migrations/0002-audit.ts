import { sql, type Kysely } from 'kysely';

/** Audit events, the seals that chain them, and the outbox between the two. */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`
    create table audit_events (
      position bigint generated always as identity primary key,
      id text not null unique,
      at timestamptz(3) not null default date_trunc('milliseconds', clock_timestamp()),
      action text not null,
      actor_id text not null,
      actor_name text not null,
      actor_address text,
      outcome text not null,
      code text,
      registry text,
      repository text,
      reference text,
      digest text,
      bytes bigint,
      reason text,
      ticket text,
      request_id text,
      deletion_id text,
      details jsonb not null check (jsonb_typeof(details) = 'object')
    )`.execute(db);
  await sql`
    create table audit_seals (
      sequence bigint primary key,
      event_position bigint not null unique references audit_events (position),
      event_id text not null,
      previous_hash text not null,
      hash text not null,
      sealed_at timestamptz(3) not null default date_trunc('milliseconds', clock_timestamp())
    )`.execute(db);
  // No foreign key: it would only lock rows, and a row whose event was taken away is itself evidence.
  await sql`create table audit_unsealed (event_position bigint primary key)`.execute(db);

  await indexes(db);
  await outbox(db);
  await appendOnly(db, 'audit_events');
  await appendOnly(db, 'audit_seals');
};

/** Each ends in the order of the list, newest first, so that a page, and a time range, is one short index scan. */
const indexes = async (db: Kysely<unknown>): Promise<void> => {
  await sql`create index audit_events_by_time on audit_events (at desc, position desc)`.execute(db);
  await sql`
    create index audit_events_by_repository
    on audit_events (registry, repository, at desc, position desc)`.execute(db);
  await sql`create index audit_events_by_actor on audit_events (actor_id, at desc, position desc)`.execute(
    db,
  );
  await sql`create index audit_events_by_action on audit_events (action, at desc, position desc)`.execute(db);
  await sql`
    create index audit_events_by_deletion on audit_events (deletion_id, at desc, position desc)
    where deletion_id is not null`.execute(db);
  await sql`
    create index audit_events_by_digest on audit_events (digest, at desc, position desc)
    where digest is not null`.execute(db);
};

/** Every inserted event enters the outbox in the same transaction. */
const outbox = async (db: Kysely<unknown>): Promise<void> => {
  await sql`
    create function audit_events_to_outbox() returns trigger language plpgsql as $$
    begin
      insert into audit_unsealed (event_position) select position from added;
      return null;
    end $$`.execute(db);
  await sql`
    create trigger audit_events_outbox after insert on audit_events
    referencing new table as added
    for each statement execute function audit_events_to_outbox()`.execute(db);
};

/** `enable always`: session_replication_role does not switch these off, only the table's owner can, by name. */
const appendOnly = async (db: Kysely<unknown>, table: 'audit_events' | 'audit_seals'): Promise<void> => {
  await sql`
    create or replace function audit_refuse_change() returns trigger language plpgsql as $$
    begin
      raise exception '% is append-only: % is refused', tg_table_name, tg_op
        using errcode = 'insufficient_privilege',
              hint = 'Audit records are never changed or removed; record a new event instead.';
    end $$`.execute(db);
  const trigger = sql.id(`${table}_append_only`);
  await sql`
    create trigger ${trigger} before update or delete or truncate on ${sql.table(table)}
    for each statement execute function audit_refuse_change()`.execute(db);
  await sql`alter table ${sql.table(table)} enable always trigger ${trigger}`.execute(db);
};
