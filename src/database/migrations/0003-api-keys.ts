import { sql, type Kysely } from 'kysely';

/** API keys: only their hashes. */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`
    create table api_keys (
      id text primary key,
      name text not null,
      prefix text not null,
      hash text not null unique,
      role text not null,
      scopes jsonb not null,
      created_at timestamptz(3) not null,
      created_by text not null,
      expires_at timestamptz(3),
      revoked_at timestamptz(3),
      last_used_at timestamptz(3)
    )`.execute(db);
};
