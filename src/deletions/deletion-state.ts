/** The state machine of a deletion (docs/architecture.md): plain data, no framework. */
export const DELETION_STATES = [
  'planning',
  'planned',
  'refused',
  'awaiting_approval',
  'queued',
  'running',
  'succeeded',
  'partially_succeeded',
  'failed',
  'rejected',
  'cancelled',
  'expired',
  'restored',
] as const;

export type DeletionState = (typeof DELETION_STATES)[number];

export const TARGET_OUTCOMES = [
  'deleted',
  'untagged',
  'already_absent',
  'refused',
  'tag_moved',
  'failed',
  'restored',
] as const;

export type TargetOutcome = (typeof TARGET_OUTCOMES)[number];

/** Which states may follow which; what is not listed cannot happen. */
const NEXT: Readonly<Record<DeletionState, readonly DeletionState[]>> = {
  planning: ['planned', 'refused', 'awaiting_approval', 'queued', 'failed', 'cancelled'],
  planned: ['queued', 'awaiting_approval', 'cancelled'],
  refused: [],
  awaiting_approval: ['queued', 'rejected', 'cancelled', 'expired'],
  queued: ['running', 'cancelled', 'failed'],
  running: ['succeeded', 'partially_succeeded', 'failed', 'queued'],
  succeeded: ['restored'],
  partially_succeeded: ['restored'],
  failed: ['restored'],
  rejected: [],
  cancelled: [],
  expired: [],
  restored: [],
};

export const mayFollow = (from: DeletionState, to: DeletionState): boolean => NEXT[from].includes(to);

/** States from which to; for SQL that moves a deletion only if nobody moved it before. */
export const statesBefore = (to: DeletionState): DeletionState[] =>
  DELETION_STATES.filter((from) => mayFollow(from, to));

/** Nothing more happens by itself, and planning is over: a waiting client is answered. */
export const isSettled = (state: DeletionState): boolean =>
  state !== 'planning' && state !== 'queued' && state !== 'running';

/** The work on this deletion has ended; only a restore may follow. */
export const hasEnded = (state: DeletionState): boolean =>
  isSettled(state) && state !== 'planned' && state !== 'awaiting_approval';

const GONE: readonly TargetOutcome[] = ['deleted', 'untagged', 'already_absent'];

/** The state of a deletion whose targets all have an outcome; without any, a selector selected nothing, as it may. */
export const finalState = (
  outcomes: readonly TargetOutcome[],
): 'succeeded' | 'partially_succeeded' | 'failed' => {
  const gone = outcomes.filter((o) => GONE.includes(o)).length;
  if (gone === 0 && outcomes.length > 0) return 'failed';
  return gone === outcomes.length ? 'succeeded' : 'partially_succeeded';
};
