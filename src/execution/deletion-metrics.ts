import type { DeletionState, TargetOutcome } from '../deletions/deletion-state.js';

/** What the workers count; telemetry/ says how it is exposed. */
export interface DeletionMetrics {
  ended(state: DeletionState): void;
  targetEnded(outcome: TargetOutcome): void;
}
