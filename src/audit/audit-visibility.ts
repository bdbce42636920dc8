import type { Caller } from '../identity/caller.js';
import { mayAct } from '../identity/scope.js';
import type { AuditEvent } from './audit-event.js';

/** Which events a caller may see; null for those who see all. */
export interface Narrowing {
  readonly actorId: string;
  /** LIKE patterns. */
  readonly places: readonly { readonly registry: string; readonly repository: string }[];
}

/**
 * What SQL can say about the caller's scopes: at least every event that `maySeeEvent` lets through, and few others. A
 * glob's wildcard becomes `%`, which also crosses path components.
 */
export const narrowingFor = (caller: Caller): Narrowing | null => {
  if (seesAll(caller)) return null;
  const places = caller.scopes.map((scope) => {
    const place = scope.slice(0, scope.lastIndexOf(':'));
    const slash = place.indexOf('/');
    return { registry: likeGlob(place.slice(0, slash)), repository: likeGlob(place.slice(slash + 1)) };
  });
  return { actorId: caller.id, places };
};

/** `_` is a wildcard of LIKE, and may stand in a name; names hold no other. */
const likeGlob = (glob: string): string => glob.replaceAll('_', '\\_').replace(/\*+/g, '%');

/** Auditors and admins see all; others what they did themselves, and what happened where their scopes let them read. */
export const maySeeEvent = (caller: Caller, event: AuditEvent): boolean =>
  seesAll(caller) ||
  event.actor.id === caller.id ||
  (event.registry !== null &&
    event.repository !== null &&
    mayAct(caller, 'read', event.registry, event.repository));

const seesAll = (caller: Caller): boolean => caller.role === 'admin' || caller.role === 'auditor';
