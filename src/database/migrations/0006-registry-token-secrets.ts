import { sql, type Kysely } from 'kysely';

/** What tokens of the registry-compatible front are signed with; a secret lives a day. */
export const up = async (db: Kysely<unknown>): Promise<void> => {
  await sql`
    create table registry_token_secrets (
      id text primary key,
      secret text not null,
      created_at timestamptz(3) not null
    )`.execute(db);
};
