import { Inject, Injectable } from '@nestjs/common';
import { newId } from '../ids/new-id.js';
import type { JsonObject, JsonValue } from '../audit/audit-event.js';
import { AuditLog } from '../audit/audit-log.js';
import { Batches } from '../batches/batches.js';
import { databaseFault } from '../database/database-fault.js';
import { DATABASE, type Db } from '../database/database.js';
import { digestOrNull } from '../oci/digest.js';
import { TRACING, type Tracing } from '../telemetry/tracing/tracing.js';
import type { Asked } from './asked.js';
import type { CreateDeletion } from './deletions.dto.js';
import type { DeletionRow } from './deletion-view.js';
import { AlreadyAsked, bindIdempotencyKey, hashRequest } from './idempotency.js';
import { insertDeletions, type NewDeletion } from './insert-deletions.js';

/** Takes requests in: the deletion, its idempotency key and its audit event, all or none. */
@Injectable()
export class DeletionIntake {
  private readonly batches: Batches<NewDeletion, DeletionRow>;

  constructor(
    @Inject(DATABASE) private readonly db: Db,
    private readonly audit: AuditLog,
    @Inject(TRACING) private readonly tracing: Tracing,
  ) {
    this.batches = new Batches((batch) => insertTogether(db, batch), { mostUnderWay: 4, largest: 32 });
  }

  /** The new deletion, or the id of the one that the same key and body led to before. Durable once it returns. */
  async accept(
    { caller, requestId }: Asked,
    request: CreateDeletion,
    idempotencyKey: string | null,
  ): Promise<DeletionRow | { readonly askedBefore: string }> {
    const id = newId();
    const [first = null, ...others] = request.references ?? [];
    const only = others.length === 0 ? first : null;
    const requestedBy = { id: caller.id, name: caller.name, address: caller.address };
    const deletion: NewDeletion = {
      id,
      request,
      requestedBy,
      requestId,
      traceparent: this.tracing.traceparent(),
      createdAt: new Date(),
      event: this.audit.rowOf({
        action: 'deletion.requested',
        outcome: 'accepted',
        actor: requestedBy,
        registry: request.registry,
        repository: request.repository,
        reference: only,
        digest: digestOrNull(only ?? ''),
        reason: request.reason,
        ticket: request.ticket ?? null,
        requestId,
        deletionId: id,
        details: { ...whatIsAsked(request), dryRun: request.dryRun, siblings: request.siblings },
      }),
    };
    if (idempotencyKey === null) return this.batches.ask(deletion);
    const requestHash = hashRequest(request);
    const { createdAt } = deletion;
    const binding = { callerId: caller.id, key: idempotencyKey, requestHash, deletionId: id, createdAt };
    try {
      return await this.db.transaction().execute(async (tx) => {
        const row = await insertOne(tx, deletion);
        await bindIdempotencyKey(tx, binding);
        return row;
      });
    } catch (error) {
      if (error instanceof AlreadyAsked) return { askedBefore: error.deletionId };
      throw error;
    }
  }
}

const insertOne = async (db: Db, deletion: NewDeletion): Promise<DeletionRow> => {
  const [row] = await insertDeletions(db, [deletion]);
  if (!row) throw new Error('one row in, none out');
  return row;
};

/**
 * What arrived together becomes durable together: one statement, one wait for the disk. Where PostgreSQL takes offence at
 * one of them, which undoes all, each is inserted by itself, so that nobody is answered for another's request.
 */
const insertTogether = async (
  db: Db,
  batch: readonly NewDeletion[],
): Promise<readonly (DeletionRow | Promise<DeletionRow>)[]> => {
  try {
    return await insertDeletions(db, batch);
  } catch (error) {
    if (batch.length === 1 || databaseFault(error)) throw error;
    return batch.map((one) => insertOne(db, one));
  }
};

const whatIsAsked = ({ references, selector }: CreateDeletion): JsonObject => {
  if (references) return { references };
  return { selector: selector ? definedParts(selector) : 'everything' };
};

const definedParts = (parts: Readonly<Record<string, JsonValue | undefined>>): JsonObject =>
  Object.fromEntries(
    Object.entries(parts).flatMap(([key, part]) => (part === undefined ? [] : [[key, part]])),
  );
