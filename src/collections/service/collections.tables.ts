import type { ColumnType, Generated } from 'kysely';
import type { JsonObject } from '../../audit/audit-event.js';
import type { CollectionMode, EngineKind } from '../collection-options.js';
import type { EntryState } from '../engine/journal.js';
import type { Measures } from '../engines/engine-port.js';
import type { Finding, Summary } from '../engine/report.js';
import type { CollectionState, When } from './collection-state.js';

type Timestamp = ColumnType<Date, Date | string, Date | string>;
type NullableTimestamp = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
type NullableJson<T extends object> = ColumnType<T | null, string | null | undefined, string | null>;

/** Who wants a collection cancelled or undone, and why. */
export interface ChangeRequest {
  readonly by: { readonly id: string; readonly name: string; readonly address: string | null };
  readonly reason: string;
  readonly requestId: string;
  /** W3C trace context of the request. */
  readonly traceparent?: string | null;
}

/** What went wrong last, or for good; `retryAt` is set while Sexton will try again by itself. */
export interface CollectionProblem {
  readonly code: string;
  readonly message: string;
  readonly retryAt: string | null;
}

export interface CollectionsTable {
  /** ULID: sorts by creation, which the keyset pages rely on. Also the run's name in the storage's journal. */
  id: string;
  registry: string;
  engine: EngineKind;
  state: CollectionState;
  mode: CollectionMode;
  run_when: When;
  /** Null keeps untagged manifests. */
  untagged_min_age_ms: number | null;
  reason: string;
  ticket: string | null;
  requested_by_id: string;
  requested_by_name: string;
  requested_by_address: string | null;
  request_id: string | null;
  /** W3C trace context of the request; null where a window asked. */
  traceparent: ColumnType<string | null, string | null | undefined, never>;
  created_at: Timestamp;
  started_at: NullableTimestamp;
  finished_at: NullableTimestamp;
  /** Work on it may not start before; how retries wait. */
  not_before: NullableTimestamp;
  /** When the window closes that it was in last. */
  window_until: NullableTimestamp;
  attempts: Generated<number>;
  problem: NullableJson<CollectionProblem>;
  cancel_request: NullableJson<ChangeRequest>;
  undo_request: NullableJson<ChangeRequest>;
  /** What the engine needs to go on; its own business. */
  checkpoint: NullableJson<JsonObject>;
  /** The registry was stopped or made read-only for it, and was not brought back yet (TRAPS 29). */
  owes_after: Generated<boolean>;
  summary: NullableJson<Summary>;
  measures: NullableJson<Measures>;
  batches: Generated<number>;
  quarantined_blobs: Generated<number>;
  quarantined_bytes: Generated<number>;
  restored_blobs: Generated<number>;
  restored_bytes: Generated<number>;
  purged_blobs: Generated<number>;
  purged_bytes: Generated<number>;
}

export interface CollectionFindingsTable {
  collection_id: string;
  position: number;
  kind: Finding['kind'];
  body: ColumnType<Finding, string, string>;
}

export interface CollectionEntriesTable {
  registry: string;
  run: string;
  batch: number;
  item: number;
  digest: string;
  repository: string | null;
  because: string;
  size_bytes: number;
  state: EntryState;
  changed_at: Timestamp;
}

export interface CollectionRegistriesTable {
  registry: string;
  /** Who held the registry's claim last, as host/process. */
  worker: string;
  healed_at: NullableTimestamp;
}
