import type { Caller } from '../identity/caller.js';
import { mayAct } from '../identity/scope.js';
import type { AuditEvent } from './audit-event.js';

/** Which events a caller may see; null for those who see all. */
export interface Narrowing {
  readonly actorId: string;
  /** LIKE patterns over `registry/repository`. */
  readonly places: readonly string[];
}

/**
 * What SQL can say about the caller's scopes: at least every event that `maySeeEvent` lets through, and few others. A
 * glob's wildcard becomes `%`, which also crosses path components.
 */
export const narrowingFor = (caller: Caller): Narrowing | null => {
  if (seesAll(caller)) return null;
  const places = caller.scopes.map((scope) =>
    likeText(scope.slice(0, scope.lastIndexOf(':'))).replace(/\*+/g, '%'),
  );
  return { actorId: caller.id, places };
};

/** Auditors and admins see all; others what they did themselves, and what happened where their scopes let them read. */
export const maySeeEvent = (caller: Caller, event: AuditEvent): boolean =>
  seesAll(caller) ||
  event.actor.id === caller.id ||
  (event.registry !== null &&
    event.repository !== null &&
    mayAct(caller, 'read', event.registry, event.repository));

/** `text` as a LIKE pattern that matches only itself. */
export const likeText = (text: string): string => text.replace(/[\\%_]/g, '\\$&');

const seesAll = (caller: Caller): boolean => caller.role === 'admin' || caller.role === 'auditor';
