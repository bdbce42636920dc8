import type { Deletion } from '../../../public-api/openapi.js';

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

export interface DeletionFilters {
  readonly registry?: string;
  readonly repository?: string;
  readonly state?: Deletion['state'];
  readonly requestedBy?: string;
}

const isState = (text: string): text is Deletion['state'] => (STATES as readonly string[]).includes(text);

/** The filters that an address names; what is no filter, or names no state, narrows nothing. */
export const deletionFilters = (query: Readonly<Record<string, string>>): DeletionFilters => {
  const { registry = '', repository = '', state = '', requestedBy = '' } = query;
  return {
    ...(registry !== '' && { registry }),
    ...(repository !== '' && { repository }),
    ...(isState(state) && { state }),
    ...(requestedBy !== '' && { requestedBy }),
  };
};
