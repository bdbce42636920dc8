import type { ColumnType, Generated, JSONColumnType } from 'kysely';
import type { Approval } from '../approvals/approval.js';
import type { Plan } from '../planning/plan.js';
import type { SiblingRule } from '../planning/request.js';
import type { DeletionState, TargetOutcome } from './deletion-state.js';
import type { PlanProgress } from './plan-progress.js';
import type { StoredSelector } from './selector.dto.js';

/** What went wrong last, or for good; `retryAt` is set while Sexton will try again by itself. */
export interface DeletionProblem {
  readonly code: string;
  readonly message: string;
  readonly retryAt: string | null;
}

/** Who wants a deletion back, and why. */
export interface RestoreRequest {
  readonly by: { readonly id: string; readonly name: string; readonly address: string | null };
  readonly reason: string;
  readonly requestId: string;
  readonly traceparent?: string | null;
  /** Tags that point elsewhere by now are moved back as well. */
  readonly overwriteTags: boolean;
}

type Timestamp = ColumnType<Date, Date | string, Date | string>;
type NullableTimestamp = ColumnType<Date | null, Date | string | null | undefined, Date | string | null>;
type NullableJson<T extends object> = ColumnType<T | null, string | null | undefined, string | null>;

export interface DeletionsTable {
  /** ULID: sorts by creation, which the keyset pages rely on. */
  id: string;
  registry: string;
  repository: string;
  state: DeletionState;
  dry_run: boolean;
  reason: string;
  ticket: string | null;
  labels: JSONColumnType<Record<string, string>>;
  /** Empty where a selector says what. */
  requested_references: JSONColumnType<string[]>;
  selector: ColumnType<StoredSelector | null, string | null | undefined, never>;
  siblings: SiblingRule;
  referrers: 'keep' | 'include';
  children: 'keep' | 'include';
  requested_by_id: string;
  requested_by_name: string;
  requested_by_address: string | null;
  request_id: string | null;
  /** Who had the dry run executed; null of what never was one, and of what an older version executed. */
  executed_by_id: ColumnType<string | null, never, string>;
  /** W3C trace context of the request: what works on it belongs to the same trace. */
  traceparent: ColumnType<string | null, string | null | undefined, never>;
  run_in: ColumnType<'now' | 'window', 'now' | 'window' | undefined, never>;
  plan: NullableJson<Plan>;
  /** Null where nobody has to agree. */
  approval: NullableJson<Approval>;
  approval_expires_at: NullableTimestamp;
  /** How far planning has come; null before and after. */
  progress: NullableJson<PlanProgress>;
  problem: NullableJson<DeletionProblem>;
  attempts: Generated<number>;
  /** Work on it may not start before; how retries wait. */
  not_before: NullableTimestamp;
  created_at: Timestamp;
  planned_at: NullableTimestamp;
  queued_at: NullableTimestamp;
  started_at: NullableTimestamp;
  finished_at: NullableTimestamp;
  /** A restore that was accepted and is not done yet. */
  restore_request: NullableJson<RestoreRequest>;
  restored_at: NullableTimestamp;
}

export interface DeletionTargetsTable {
  deletion_id: string;
  /** Order of execution, from 0. */
  position: number;
  reference: string;
  digest: string;
  outcome: TargetOutcome | null;
  code: string | null;
  message: string | null;
  started_at: NullableTimestamp;
  finished_at: NullableTimestamp;
}

export interface TombstonesTable {
  deletion_id: string;
  digest: string;
  media_type: string;
  bytes: Buffer;
  tags: JSONColumnType<string[]>;
  created_at: Timestamp;
}

export interface IdempotencyKeysTable {
  caller_id: string;
  key: string;
  request_hash: string;
  deletion_id: string;
  created_at: Timestamp;
}
