import type { Selectable } from 'kysely';
import { approvalView } from '../approvals/approval-view.js';
import { ERROR_KINDS, type ErrorCode } from '../errors/codes.js';
import type { StopsNow } from '../pause/stops.js';
import { waitingView } from '../pause/waiting-view.js';
import type { DeletionsTable, DeletionTargetsTable } from './deletions.tables.js';
import type { DeletionView } from './deletions.dto.js';
import { restorableUntilOf, type RestorableUntil } from './restorable-until.js';

export type DeletionRow = Selectable<DeletionsTable>;
export type TargetRow = Selectable<DeletionTargetsTable>;

const iso = (date: Date | null): string | null => date?.toISOString() ?? null;

/** A code that an older version stored and this one no longer knows reads as an internal error, never as nothing. */
const knownCode = (code: string): ErrorCode =>
  Object.hasOwn(ERROR_KINDS, code) ? (code as ErrorCode) : 'internal_error';

/** The row as the contract shows it. `stops` may be null where it is not queued. */
export const deletionView = (
  row: DeletionRow,
  targets: readonly TargetRow[],
  restorableUntil: RestorableUntil,
  stops: StopsNow | null,
): DeletionView => ({
  id: row.id,
  registry: row.registry,
  repository: row.repository,
  references: row.requested_references,
  selector: row.selector === 'everything' ? null : row.selector,
  wholeRepository: row.selector === 'everything',
  state: row.state,
  dryRun: row.dry_run,
  reason: row.reason,
  ticket: row.ticket,
  labels: row.labels,
  siblings: row.siblings,
  referrers: row.referrers,
  children: row.children,
  requestedBy: { id: row.requested_by_id, name: row.requested_by_name },
  createdAt: row.created_at.toISOString(),
  plannedAt: iso(row.planned_at),
  startedAt: iso(row.started_at),
  finishedAt: iso(row.finished_at),
  restoredAt: iso(row.restored_at),
  restorableUntil: iso(restorableUntilOf(row, targets, restorableUntil)),
  progress: row.progress,
  problem: problemView(row),
  runIn: row.run_in,
  waiting: row.state === 'queued' ? waitingView(stops?.of(row) ?? null) : null,
  approval: approvalView(row.approval),
  plan: row.plan && planView(row.plan),
  targets: targets.map(targetView),
});

export const problemView = ({ problem }: Pick<DeletionRow, 'problem'>): DeletionView['problem'] =>
  problem && { ...problem, code: knownCode(problem.code) };

export const targetView = (target: TargetRow): DeletionView['targets'][number] => ({
  reference: target.reference,
  digest: target.digest,
  outcome: target.outcome,
  code: target.code === null ? null : knownCode(target.code),
  message: target.message,
  startedAt: iso(target.started_at),
  at: iso(target.finished_at),
});

const planView = (plan: NonNullable<DeletionRow['plan']>): NonNullable<DeletionView['plan']> => ({
  hash: plan.hash,
  reclaimableBytes: plan.reclaimableBytes,
  targets: plan.targets.map((t) => ({
    kind: t.kind,
    reference: t.reference,
    digest: t.digest,
    mediaType: t.mediaType,
    size: t.size,
    because: t.because,
    tags: [...t.tags],
    siblings: [...t.siblings],
    parents: [...t.parents],
    children: [...t.children],
    referrers: [...t.referrers],
  })),
  refusals: plan.refusals.map((r) => ({
    reference: r.reference,
    code: r.code,
    message: r.message,
    ...(r.tags && { tags: [...r.tags] }),
    ...(r.parents && { parents: [...r.parents] }),
  })),
  // A plan that an older version stored has no such field.
  selected: plan.selected?.map((one) => ({ ...one, age: one.age && { ...one.age } })) ?? null,
  notes: [...plan.notes],
});
