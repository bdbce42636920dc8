import type { DeletionRow, TargetRow } from './deletion-view.js';

/** Nest token of a `RestorableUntil`. */
export const RESTORABLE_UNTIL = Symbol('RESTORABLE_UNTIL');

/**
 * Until when what left a registry at `goneAt` can be put back, as far as collections of Sexton decide that; null where
 * Sexton knows of no end.
 */
export type RestorableUntil = (registry: string, goneAt: Date) => Date | null;

/**
 * For one deletion: counted from the first target that went, or that failed at a time when it may have gone. Null also
 * where there is nothing to put back.
 */
export const restorableUntilOf = (
  row: DeletionRow,
  targets: readonly TargetRow[],
  restorableUntil: RestorableUntil,
): Date | null => {
  if (row.restored_at !== null) return null;
  const gone = targets.flatMap(({ outcome, started_at, finished_at }) =>
    finished_at !== null &&
    (outcome === 'deleted' || outcome === 'untagged' || (outcome === 'failed' && started_at !== null))
      ? [finished_at.getTime()]
      : [],
  );
  return gone.length === 0 ? null : restorableUntil(row.registry, new Date(Math.min(...gone)));
};
