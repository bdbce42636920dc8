import type { Selectable } from 'kysely';
import type { AuditEvent, JsonObject } from './audit-event.js';
import type { AuditEventsTable } from './audit.tables.js';

/**
 * A stored event. Nothing is judged here: verification must be able to read also what somebody tampered with, and find
 * it by its hash.
 */
export const eventOf = (row: Selectable<AuditEventsTable>): AuditEvent => ({
  id: row.id,
  at: new Date(row.at),
  action: row.action,
  actor: { id: row.actor_id, name: row.actor_name, address: row.actor_address },
  outcome: row.outcome,
  code: row.code,
  registry: row.registry,
  repository: row.repository,
  reference: row.reference,
  digest: row.digest,
  bytes: row.bytes,
  reason: row.reason,
  ticket: row.ticket,
  requestId: row.request_id,
  deletionId: row.deletion_id,
  // jsonb is always JSON, and the table's check makes it an object.
  details: row.details as JsonObject,
});
