import { sql, type Kysely } from 'kysely';

/** What serves every filter of the audit log, and what proves it: signed checkpoints, and how far it was forwarded. */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  await indexes(db);
  await sql`
    create table audit_checkpoints (
      number bigint primary key,
      sequence bigint not null unique,
      hash text not null,
      at timestamptz(3) not null,
      key_id text not null,
      signature text not null
    )`.execute(db);
  await appendOnly(db);
  // What each destination has: events up to `sequence`, checkpoints up to `checkpoint`.
  await sql`
    create table audit_forwarding (
      destination text primary key,
      sequence bigint not null,
      checkpoint bigint not null,
      updated_at timestamptz(3) not null default clock_timestamp()
    )`.execute(db);
  // The configuration of the last start: one row, hashes only.
  await sql`
    create table audit_configuration (
      id integer primary key check (id = 1),
      digest text not null,
      paths jsonb not null
    )`.execute(db);
};

/** Like those of 0002: each ends in the order of the list, so that a page is one short range of one index. */
const indexes = async (db: Kysely<unknown>): Promise<void> => {
  const sparse = ['repository', 'reference', 'code', 'ticket', 'request_id', 'actor_address'];
  for (const column of ['outcome', 'actor_name', ...sparse]) {
    const only = sparse.includes(column) ? sql`where ${sql.ref(column)} is not null` : sql``;
    await sql`
      create index ${sql.id(`audit_events_with_${column}`)}
      on audit_events (${sql.ref(column)}, at desc, position desc) ${only}`.execute(db);
  }
  // In place of the one of 0002: with text_pattern_ops it also serves `like 'team-a/%'`, which is what scopes come to.
  await sql`drop index audit_events_by_repository`.execute(db);
  await sql`
    create index audit_events_by_place
    on audit_events (registry, repository text_pattern_ops, at desc, position desc)`.execute(db);
  // These two are not partial ones: only then does PostgreSQL use what it knows of how frequent each word and tag is.
  await sql`
    create function audit_tags(details jsonb) returns text[] language sql immutable strict parallel safe as $$
      select case when jsonb_typeof(details -> 'tags') = 'array'
                  then array(select jsonb_array_elements_text(details -> 'tags')) end $$`.execute(db);
  await sql`create index audit_events_by_tags on audit_events using gin (audit_tags(details))`.execute(db);
  // `left`: a tsvector holds at most 1 MiB, and no reason may make its own event impossible to record.
  await sql`
    create index audit_events_by_reason on audit_events
    using gin (to_tsvector('simple', left(reason, 20000)))`.execute(db);
};

/** As the events and seals have it (0002). */
const appendOnly = async (db: Kysely<unknown>): Promise<void> => {
  await sql`
    create trigger audit_checkpoints_append_only before update or delete or truncate on audit_checkpoints
    for each statement execute function audit_refuse_change()`.execute(db);
  await sql`alter table audit_checkpoints enable always trigger audit_checkpoints_append_only`.execute(db);
};
