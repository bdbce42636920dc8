import { Injectable } from '@nestjs/common';
import type { Insertable, Kysely } from 'kysely';
import { newId } from '../ids/new-id.js';
import type { Database } from '../database/schema.js';
import type { NewAuditEvent } from './audit-event.js';
import type { AuditEventsTable } from './audit.tables.js';
import { storableJson, storableText } from './storable-text.js';

/**
 * Records what happened, in the transaction of what happened (promise 6): give it that transaction, and the event is
 * there exactly when the change is. Nothing here waits for another writer; the chain is made afterwards (sealer.ts).
 */
@Injectable()
export class AuditLog {
  private readonly listeners = new Set<() => void>();

  /** Appends the event and returns its id. Events of one transaction keep the order in which they were recorded. */
  async record(trx: Kysely<Database>, event: NewAuditEvent): Promise<string> {
    const row = this.rowOf(event);
    await trx.insertInto('audit_events').values(row).execute();
    return row.id;
  }

  /** The event's row, for one statement that inserts it together with what happened. Listeners are told now. */
  rowOf(event: NewAuditEvent): Insertable<AuditEventsTable> {
    for (const listener of this.listeners) listener();
    return {
      id: newId(),
      action: event.action,
      actor_id: storableText(event.actor.id),
      actor_name: storableText(event.actor.name),
      actor_address: storableText(event.actor.address),
      outcome: event.outcome,
      code: storableText(event.code),
      registry: storableText(event.registry),
      repository: storableText(event.repository),
      reference: storableText(event.reference),
      digest: storableText(event.digest),
      bytes: event.bytes ?? null,
      reason: storableText(event.reason),
      ticket: storableText(event.ticket),
      request_id: storableText(event.requestId),
      deletion_id: storableText(event.deletionId),
      details: JSON.stringify(storableJson(event.details ?? {})),
    };
  }

  /** Calls `listener` for each record, before its commit; returns what ends it. */
  onRecord(listener: () => void): () => void {
    this.listeners.add(listener);
    return () => this.listeners.delete(listener);
  }
}
