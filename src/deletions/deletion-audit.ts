import type {
  AuditAction,
  AuditActor,
  AuditOutcome,
  JsonObject,
  NewAuditEvent,
} from '../audit/audit-event.js';
import type { DeletionRow } from './deletion-view.js';

interface About {
  /** Who acted; the requester where it is Sexton that works for them. */
  readonly actor?: AuditActor;
  readonly reason?: string;
  readonly requestId?: string;
  readonly code?: string | null;
  readonly reference?: string;
  readonly digest?: string;
  readonly bytes?: number | null;
  readonly details?: JsonObject;
}

/** An event about a deletion: where, for whom and why stand in it whoever acts (TRAPS 30). */
export const auditEventOf = (
  row: DeletionRow,
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
  repository: row.repository,
  reason: about.reason ?? row.reason,
  ticket: row.ticket,
  requestId: about.requestId ?? row.request_id,
  deletionId: row.id,
  code: about.code ?? null,
  reference: about.reference ?? null,
  digest: about.digest ?? null,
  bytes: about.bytes ?? null,
  details: about.details ?? {},
});
