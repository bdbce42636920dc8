import { DELETION_STATES } from '../../../public-api/deletion-states.js';
import type { Deletion } from '../../../public-api/openapi.js';

export interface DeletionFilters {
  readonly registry?: string;
  readonly repository?: string;
  readonly state?: Deletion['state'];
  readonly requestedBy?: string;
}

const isState = (text: string): text is Deletion['state'] => DELETION_STATES.some((state) => state === text);

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
