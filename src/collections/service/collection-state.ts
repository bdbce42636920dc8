/** The state machine of a collection: plain data, no framework. */
export const COLLECTION_STATES = [
  'waiting',
  'running',
  'paused',
  'succeeded',
  'failed',
  'cancelled',
  'undone',
] as const;

export type CollectionState = (typeof COLLECTION_STATES)[number];

export const WHENS = ['window', 'now'] as const;

/** Whether it runs in maintenance windows only. */
export type When = (typeof WHENS)[number];

/** Which states may follow which; what is not listed cannot happen. A running one that is handed back waits. */
const NEXT: Readonly<Record<CollectionState, readonly CollectionState[]>> = {
  waiting: ['running', 'cancelled', 'failed'],
  running: ['paused', 'succeeded', 'failed', 'cancelled', 'waiting'],
  paused: ['running', 'waiting', 'cancelled', 'failed'],
  succeeded: ['undone'],
  failed: ['waiting', 'undone'],
  cancelled: ['waiting', 'undone'],
  undone: [],
};

/** States from which `to` can be reached; for SQL that moves a collection only if nobody moved it before. */
export const statesBefore = (to: CollectionState): CollectionState[] =>
  COLLECTION_STATES.filter((from) => NEXT[from].includes(to));
