import type { Deletion } from '../client/client.js';

/** What `--state` takes. */
export const STATES = [
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
] as const satisfies readonly Deletion['state'][];
