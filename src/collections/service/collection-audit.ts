import type {
  AuditAction,
  AuditActor,
  AuditOutcome,
  JsonObject,
  NewAuditEvent,
} from '../../audit/audit-event.js';
import type { CollectionRow } from './collections.store.js';

export type AuditedCollection = Pick<
  CollectionRow,
  | 'id'
  | 'registry'
  | 'requested_by_id'
  | 'requested_by_name'
  | 'requested_by_address'
  | 'ticket'
  | 'request_id'
> & { readonly reason: string | null };

interface About {
  /** Who acted; the requester where it is Sexton that works for them. */
  readonly actor?: AuditActor;
  readonly reason?: string;
  readonly requestId?: string;
  readonly code?: string | null;
  readonly bytes?: number;
  readonly details?: JsonObject;
}

/** An event about a collection: which, where, for whom and why stand in it whoever acts (TRAPS 30). */
export const collectionAudit = (
  row: AuditedCollection,
  action: AuditAction,
  outcome: AuditOutcome,
  about: About = {},
): NewAuditEvent => ({
  action,
  outcome,
  actor: about.actor
    ? { id: about.actor.id, name: about.actor.name, address: about.actor.address }
    : { id: row.requested_by_id, name: row.requested_by_name, address: row.requested_by_address },
  registry: row.registry,
  reason: about.reason ?? row.reason,
  ticket: row.ticket,
  requestId: about.requestId ?? row.request_id,
  code: about.code ?? null,
  bytes: about.bytes ?? null,
  details: { collection: row.id, ...about.details },
});
