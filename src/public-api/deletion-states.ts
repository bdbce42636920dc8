import type { Deletion } from './openapi.js';

/** Every state that the API knows: one that is missing here, or not there, does not compile. */
const STATES = {
  planning: 'planning',
  planned: 'planned',
  refused: 'refused',
  awaiting_approval: 'awaiting_approval',
  queued: 'queued',
  running: 'running',
  succeeded: 'succeeded',
  partially_succeeded: 'partially_succeeded',
  failed: 'failed',
  rejected: 'rejected',
  cancelled: 'cancelled',
  expired: 'expired',
  restored: 'restored',
} as const satisfies { readonly [State in Deletion['state']]: State };

export const DELETION_STATES = Object.values(STATES);
