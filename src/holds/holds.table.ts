import type { ColumnType } from 'kysely';

type Timestamp = ColumnType<Date, Date, never>;
type NullableTimestamp = ColumnType<Date | null, Date | null | undefined, Date | null>;
type NullableJson<T extends object> = ColumnType<T | null, string | null | undefined, string | null>;

/** Who wanted a hold lifted, when and why. */
export interface Lifting {
  readonly by: { readonly id: string; readonly name: string };
  readonly reason: string;
  /** ISO 8601. */
  readonly at: string;
}

export interface HoldsTable {
  /** `hold_` and a ULID. */
  id: string;
  registry: string;
  /** Glob. */
  repository: string;
  /** Glob; null where a digest or everything is held. */
  tags: string | null;
  digest: string | null;
  reason: string;
  owner: string;
  /** Two people lift it. */
  legal: boolean;
  created_at: Timestamp;
  created_by_id: string;
  created_by_name: string;
  expires_at: NullableTimestamp;
  /** The first of the two people who lift a legal hold. */
  lift_request: NullableJson<Lifting>;
  lifted_at: NullableTimestamp;
  lifted: NullableJson<Lifting>;
}
