import { mayAtAll } from '../allowed/scope.js';
import type { Hold, Me } from '../../../public-api/openapi.js';

/**
 * Whether to offer lifting: in force, not of sexton.yaml, and the caller's role lifts such a hold; of a legal one not to
 * whoever asked for it first. Whether its scopes cover all of the hold, the server judges.
 */
export const mayLift = ({ source, state, legal, liftRequested }: Hold, me: Me): boolean =>
  source === 'api' &&
  state === 'in_force' &&
  mayAtAll(me, legal ? 'holds:lift-legal' : 'holds:write') &&
  liftRequested?.by.id !== me.id;
