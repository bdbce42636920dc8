import type { ColumnType } from 'kysely';

export interface RegistryTokenSecretsTable {
  /** A ULID; the `kid` of tokens that it signed. */
  id: string;
  /** 256 random bits, base64url. Worthless a day later, so that an old backup signs nothing. */
  secret: string;
  created_at: ColumnType<Date, Date, never>;
}
