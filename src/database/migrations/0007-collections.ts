import { sql, type Kysely } from 'kysely';

/** Collections, what they found and took, and per registry who worked on it last. */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`
    create table collections (
      id text primary key,
      registry text not null,
      engine text not null,
      state text not null,
      mode text not null,
      run_when text not null,
      untagged_min_age_ms bigint,
      reason text not null,
      ticket text,
      requested_by_id text not null,
      requested_by_name text not null,
      requested_by_address text,
      request_id text,
      created_at timestamptz(3) not null,
      started_at timestamptz(3),
      finished_at timestamptz(3),
      not_before timestamptz(3),
      window_until timestamptz(3),
      attempts integer not null default 0,
      problem jsonb,
      cancel_request jsonb,
      undo_request jsonb,
      checkpoint jsonb,
      owes_after boolean not null default false,
      summary jsonb,
      measures jsonb,
      batches integer not null default 0,
      quarantined_blobs bigint not null default 0,
      quarantined_bytes bigint not null default 0,
      restored_blobs bigint not null default 0,
      restored_bytes bigint not null default 0,
      purged_blobs bigint not null default 0,
      purged_bytes bigint not null default 0
    )`.execute(db);
  await sql`
    create index collections_open on collections (registry, id)
    where state in ('waiting', 'running', 'paused') or undo_request is not null or owes_after`.execute(db);
  await sql`create index collections_by_registry on collections (registry, id desc)`.execute(db);
  await sql`
    create table collection_findings (
      collection_id text not null references collections (id),
      position integer not null,
      kind text not null,
      body jsonb not null,
      primary key (collection_id, position)
    )`.execute(db);
  // The journal in the storage is the truth; this is what of it was recorded and audited. Runs of the command line
  // are in it too, so no foreign key.
  await sql`
    create table collection_entries (
      registry text not null,
      run text not null,
      batch integer not null,
      item integer not null,
      digest text not null,
      repository text,
      because text not null,
      size_bytes bigint not null,
      state text not null,
      changed_at timestamptz(3) not null,
      primary key (registry, run, batch, item)
    )`.execute(db);
  await sql`
    create table collection_registries (
      registry text primary key,
      worker text not null,
      healed_at timestamptz(3)
    )`.execute(db);
};
