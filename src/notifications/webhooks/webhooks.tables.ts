import type { ColumnType } from 'kysely';

type Timestamp = ColumnType<Date, Date, never>;
type NullableTimestamp = ColumnType<Date | null, Date | null | undefined, Date | null>;
type Nullable<T> = ColumnType<T | null, T | null | undefined, T | null>;

export const DELIVERY_STATES = ['waiting', 'delivered', 'dead'] as const;

export type DeliveryState = (typeof DELIVERY_STATES)[number];

export interface WebhooksTable {
  /** `whk_` and a ULID. */
  id: string;
  name: string;
  url: string;
  /** Scheme, host and port of `url`. */
  origin: string;
  events: string[];
  repositories: string[];
  /** Readable, because it signs (docs/security.md). */
  secret: string;
  /** Signs too until `previous_secret_until`. */
  previous_secret: Nullable<string>;
  previous_secret_until: NullableTimestamp;
  created_at: Timestamp;
  created_by_id: string;
  created_by_name: string;
  disabled_at: NullableTimestamp;
  /** `request`, or `gone`: the receiver answered 410. */
  disabled_because: Nullable<'request' | 'gone'>;
  /** The end of the chain when it was made: what was sealed later is news. */
  after_sequence: number;
  /** Who delivers to it, and until when nobody else may. */
  claim: Nullable<string>;
  claimed_until: NullableTimestamp;
  served_at: NullableTimestamp;
}

export interface WebhookDeliveriesTable {
  /** `msg_` and a ULID; what the receiver sees as `webhook-id`, at every attempt. */
  id: string;
  webhook_id: string;
  /** Of the audit event. */
  sequence: number;
  type: string;
  once_key: string | null;
  state: ColumnType<DeliveryState, DeliveryState, DeliveryState>;
  attempts: ColumnType<number, number | undefined, number>;
  created_at: Timestamp;
  /** Null once it is delivered or dead. */
  next_attempt_at: NullableTimestamp;
  last_attempt_at: NullableTimestamp;
  /** HTTP status of the last answer; null where none came. */
  last_status: Nullable<number>;
  /** Why none came, or why the answer was no yes. */
  last_fault: Nullable<string>;
  finished_at: NullableTimestamp;
}

export interface WebhookFeedTable {
  id: number;
  sequence: number;
}
