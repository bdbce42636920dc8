import canonicalize from 'canonicalize';
import type { AuditEvent, JsonObject } from './audit-event.js';

/**
 * The canonical form of an event: what its hash covers. To recompute it elsewhere, build this JSON object and serialize
 * it by RFC 8785 (JCS: keys sorted by UTF-16 code units, no white space, numbers as ECMAScript prints them, UTF-8):
 *
 *     { "id", "at", "action",
 *       "actor": { "id", "name", "address" },
 *       "outcome", "code", "registry", "repository", "reference", "digest", "bytes",
 *       "reason", "ticket", "requestId", "deletionId", "details" }
 *
 * - every key is always present; what an event does not have is `null`, and `details` is then `{}`;
 * - `at` is UTC with exactly three decimals, `2026-01-02T03:04:05.678Z`; `bytes` is an integer;
 * - it is the item that `GET /v1/audit/events` shows, without its `sequence` and `hash`.
 */
export const canonicalEvent = (event: AuditEvent) => ({
  id: event.id,
  // A row that was tampered with can hold `infinity`; it must be found, not crash the search.
  at: Number.isNaN(event.at.getTime()) ? 'invalid' : event.at.toISOString(),
  action: event.action,
  actor: { id: event.actor.id, name: event.actor.name, address: event.actor.address },
  outcome: event.outcome,
  code: event.code,
  registry: event.registry,
  repository: event.repository,
  reference: event.reference,
  digest: event.digest,
  bytes: event.bytes,
  reason: event.reason,
  ticket: event.ticket,
  requestId: event.requestId,
  deletionId: event.deletionId,
  details: event.details,
});

/** RFC 8785 text of `value`. */
export const canonicalJson = (value: JsonObject): string => {
  const text = canonicalize(value);
  if (text === undefined) throw new TypeError('not a JSON value');
  return text;
};
