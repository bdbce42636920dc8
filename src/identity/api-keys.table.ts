import type { ColumnType, JSONColumnType } from 'kysely';
import type { Role } from './permissions.js';

type NullableTimestamp = ColumnType<Date | null, Date | null | undefined, Date | null>;

export interface ApiKeysTable {
  /** `key_` and a ULID; safe to show and to log. */
  id: string;
  name: string;
  /** The first characters of the secret, so that people can tell their keys apart. */
  prefix: string;
  /** SHA-256 of the secret, in hex. The secret itself is stored nowhere. */
  hash: string;
  role: Role;
  scopes: JSONColumnType<string[]>;
  created_at: ColumnType<Date, Date, never>;
  created_by: string;
  /** The person it belongs to; null: the key is a person of its own (persons.ts). */
  owner: ColumnType<string | null, string | null | undefined, never>;
  /** Who was shown its secret last, where that was not `created_by`. */
  rotated_by: ColumnType<string | null, string | null | undefined, string>;
  expires_at: NullableTimestamp;
  revoked_at: NullableTimestamp;
  last_used_at: NullableTimestamp;
}
