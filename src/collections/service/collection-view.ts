import { ERROR_KINDS, type ErrorCode } from '../../errors/codes.js';
import type { CollectionOptions } from '../collection-options.js';
import { nextOpening } from '../windows/open.js';
import type { CollectionView } from './collections.dto.js';
import type { CollectionRow } from './collections.store.js';

const iso = (date: Date | null): string | null => date?.toISOString() ?? null;

/** A code that an older version stored and this one no longer knows reads as an internal error, never as nothing. */
const knownCode = (code: string): ErrorCode =>
  Object.hasOwn(ERROR_KINDS, code) ? (code as ErrorCode) : 'internal_error';

const opensAt = (
  row: CollectionRow,
  options: CollectionOptions | undefined,
  nowMs: number,
): string | null => {
  const waits = row.run_when === 'window' && (row.state === 'waiting' || row.state === 'paused');
  const opensMs = waits && options ? nextOpening(options.rules, nowMs) : null;
  return opensMs === null ? null : new Date(opensMs).toISOString();
};

/** The row as the contract shows it. `options`: of its registry, as it is configured now. */
export const collectionView = (
  row: CollectionRow,
  options: CollectionOptions | undefined,
  nowMs: number,
): CollectionView => ({
  id: row.id,
  registry: row.registry,
  engine: row.engine,
  state: row.state,
  when: row.run_when,
  mode: row.mode,
  untagged: row.untagged_min_age_ms === null ? 'keep' : 'collect',
  reason: row.reason,
  ticket: row.ticket,
  requestedBy: { id: row.requested_by_id, name: row.requested_by_name },
  createdAt: row.created_at.toISOString(),
  startedAt: iso(row.started_at),
  finishedAt: iso(row.finished_at),
  opensAt: opensAt(row, options, nowMs),
  cancelRequested: row.cancel_request !== null,
  undoRequested: row.undo_request !== null,
  problem: row.problem && { ...row.problem, code: knownCode(row.problem.code) },
  batches: row.batches,
  quarantined: { count: row.quarantined_blobs, bytes: row.quarantined_bytes },
  restored: { count: row.restored_blobs, bytes: row.restored_bytes },
  purged: { count: row.purged_blobs, bytes: row.purged_bytes },
  summary: row.summary && { ...row.summary, reasons: { ...row.summary.reasons } },
});
