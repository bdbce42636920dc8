/**
 * What Sexton records. An action is `thing.past-participle`; the list is the API's filter and its documentation, so
 * names are only ever added.
 */
export const AUDIT_ACTIONS = [
  // A deletion as a whole
  'deletion.requested',
  'deletion.planned',
  'deletion.refused',
  'deletion.awaiting_approval',
  'deletion.approved',
  'deletion.rejected',
  'deletion.queued',
  'deletion.started',
  'deletion.finished',
  'deletion.cancelled',
  'deletion.expired',
  'deletion.executed',
  'deletion.restore_requested',
  'deletion.restored',
  // One tag or manifest of it
  'target.deleted',
  'target.untagged',
  'target.already_absent',
  'target.refused',
  'target.tag_moved',
  'target.failed',
  'target.restored',
  // Holds and collections
  'hold.created',
  'hold.lift_requested',
  'hold.removed',
  'collection.requested',
  'collection.started',
  'collection.paused',
  'collection.resumed',
  'collection.finished',
  'collection.cancel_requested',
  'collection.cancelled',
  'collection.undo_requested',
  'collection.undone',
  // One batch of it: what was taken away, what came back, what is gone for good
  'collection.batch_quarantined',
  'collection.batch_restored',
  'collection.batch_purged',
  'pause.created',
  'pause.ended',
  'registry.parked',
  // Who may do what, and Sexton itself
  'api_key.created',
  'api_key.rotated',
  'api_key.revoked',
  'webhook.created',
  'webhook.changed',
  'webhook.secret_rotated',
  'webhook.disabled',
  'webhook.removed',
  'webhook.delivery_dead',
  'webhook.delivery_resent',
  'login.failed',
  'audit.exported',
  'config.changed',
  // What callers asked for and did not get
  'request.refused',
  'request.failed',
  'gateway.started',
  'gateway.stopped',
] as const;

export type AuditAction = (typeof AUDIT_ACTIONS)[number];

/** `accepted`: work was taken on and is not done yet; `refused`: Sexton would not; `failed`: it could not. */
export const AUDIT_OUTCOMES = ['accepted', 'succeeded', 'refused', 'failed'] as const;

export type AuditOutcome = (typeof AUDIT_OUTCOMES)[number];

/**
 * Who acted. For what the worker does on its own, this is whoever asked for the deletion, and `details.worker` names
 * the process: an audit trail answers "for whom", not only "by which program" (TRAPS 30).
 */
export interface AuditActor {
  readonly id: string;
  readonly name: string;
  /** The client's network address; null for Sexton's own acts. */
  readonly address: string | null;
}

export type JsonValue =
  string | number | boolean | null | readonly JsonValue[] | { readonly [key: string]: JsonValue };

export interface JsonObject {
  readonly [key: string]: JsonValue;
}

/** An event about to be recorded. What is left out is stored as null; nothing here may hold a secret. */
export interface NewAuditEvent {
  readonly action: AuditAction;
  readonly actor: AuditActor;
  readonly outcome: AuditOutcome;
  /** A stable code of `errors/codes.ts` that says why, for what was refused or failed. */
  readonly code?: string | null;
  readonly registry?: string | null;
  readonly repository?: string | null;
  /** The tag or digest as the caller named it. */
  readonly reference?: string | null;
  readonly digest?: string | null;
  /** Bytes that only the deleted images held. */
  readonly bytes?: number | null;
  readonly reason?: string | null;
  readonly ticket?: string | null;
  readonly requestId?: string | null;
  readonly deletionId?: string | null;
  readonly details?: JsonObject;
}

/** An event as it was recorded: every field present, so that its canonical form has one shape. */
export interface AuditEvent {
  /** A ULID. */
  readonly id: string;
  /** The database's clock, in whole milliseconds: a JavaScript Date holds it exactly. */
  readonly at: Date;
  readonly action: string;
  readonly actor: AuditActor;
  readonly outcome: string;
  readonly code: string | null;
  readonly registry: string | null;
  readonly repository: string | null;
  readonly reference: string | null;
  readonly digest: string | null;
  readonly bytes: number | null;
  readonly reason: string | null;
  readonly ticket: string | null;
  readonly requestId: string | null;
  readonly deletionId: string | null;
  readonly details: JsonObject;
}
