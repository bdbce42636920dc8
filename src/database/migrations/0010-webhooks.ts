import { sql, type Kysely } from 'kysely';

/** Webhooks, what is to be delivered to each, and how far the audit log was made into that. */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`
    create table webhooks (
      id text primary key,
      name text not null,
      url text not null,
      origin text not null,
      events text[] not null,
      repositories text[] not null,
      secret text not null,
      previous_secret text,
      previous_secret_until timestamptz(3),
      created_at timestamptz(3) not null,
      created_by_id text not null,
      created_by_name text not null,
      disabled_at timestamptz(3),
      disabled_because text,
      after_sequence bigint not null,
      claim text,
      claimed_until timestamptz(3),
      served_at timestamptz(3)
    )`.execute(db);
  await sql`
    create table webhook_deliveries (
      id text primary key,
      webhook_id text not null references webhooks on delete cascade,
      sequence bigint not null,
      type text not null,
      once_key text,
      state text not null check (state in ('waiting', 'delivered', 'dead')),
      attempts integer not null default 0,
      created_at timestamptz(3) not null,
      next_attempt_at timestamptz(3),
      last_attempt_at timestamptz(3),
      last_status integer,
      last_fault text,
      finished_at timestamptz(3),
      unique (webhook_id, sequence),
      unique (webhook_id, once_key)
    )`.execute(db);
  // What a claim asks for: the next that is due, in the order of the log.
  await sql`
    create index webhook_deliveries_due on webhook_deliveries (webhook_id, sequence)
    include (next_attempt_at) where state = 'waiting'`.execute(db);
  await sql`create index webhook_deliveries_by_state on webhook_deliveries (webhook_id, state, id)`.execute(
    db,
  );
  // What the metrics count at every collection.
  await sql`
    create index webhook_deliveries_open on webhook_deliveries (state, webhook_id)
    include (created_at) where state <> 'delivered'`.execute(db);
  await sql`create index webhook_deliveries_by_age on webhook_deliveries (created_at)`.execute(db);
  // One row: the audit log up to here was made into deliveries. What happened before there were webhooks is no news.
  await sql`
    create table webhook_feed (
      id integer primary key check (id = 1),
      sequence bigint not null
    )`.execute(db);
  await sql`
    insert into webhook_feed (id, sequence)
    select 1, coalesce(max(sequence), 0) from audit_seals`.execute(db);
};
