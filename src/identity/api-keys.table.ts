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
  /** The person whose key it is, such as their `sub` at the issuer; null where nobody said. */
  owner: ColumnType<string | null, string | null | undefined, never>;
  expires_at: NullableTimestamp;
  revoked_at: NullableTimestamp;
  last_used_at: NullableTimestamp;
}
