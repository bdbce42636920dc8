import { Inject, Injectable } from '@nestjs/common';
import { newId } from '../ids/new-id.js';
import type { JsonObject, JsonValue } from '../audit/audit-event.js';
import { AuditLog } from '../audit/audit-log.js';
import { DATABASE, type Db } from '../database/database.js';
import { digestOrNull } from '../oci/digest.js';
import { TRACING, type Tracing } from '../telemetry/tracing/tracing.js';
import type { Asked } from './asked.js';
import type { CreateDeletion } from './deletions.dto.js';
import type { DeletionRow } from './deletion-view.js';
import { DeletionsStore } from './deletions.store.js';
import { AlreadyAsked, bindIdempotencyKey, hashRequest } from './idempotency.js';

/** Takes requests in: the deletion, its idempotency key and its audit event, all or none. */
@Injectable()
export class DeletionIntake {
  constructor(
    @Inject(DATABASE) private readonly db: Db,
    private readonly audit: AuditLog,
    private readonly store: DeletionsStore,
    @Inject(TRACING) private readonly tracing: Tracing,
  ) {}

  /** The new deletion, or the id of the one that the same key and body led to before. Durable once it returns. */
  async accept(
    { caller, requestId }: Asked,
    request: CreateDeletion,
    idempotencyKey: string | null,
  ): Promise<DeletionRow | { readonly askedBefore: string }> {
    const id = newId();
    const createdAt = new Date();
    const [first = null, ...others] = request.references ?? [];
    const only = others.length === 0 ? first : null;
    const requestedBy = { id: caller.id, name: caller.name, address: caller.address };
    const traceparent = this.tracing.traceparent();
    const insert = (db: Db): Promise<DeletionRow> =>
      this.store.insert(
        db,
        { id, request, requestedBy, requestId, traceparent, createdAt },
        this.audit.rowOf({
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
      );
    if (idempotencyKey === null) return insert(this.db);
    const requestHash = hashRequest(request);
    const binding = { callerId: caller.id, key: idempotencyKey, requestHash, deletionId: id, createdAt };
    try {
      return await this.db.transaction().execute(async (tx) => {
        const row = await insert(tx);
        await bindIdempotencyKey(tx, binding);
        return row;
      });
    } catch (error) {
      if (error instanceof AlreadyAsked) return { askedBefore: error.deletionId };
      throw error;
    }
  }
}

const whatIsAsked = ({ references, selector }: CreateDeletion): JsonObject => {
  if (references) return { references };
  return { selector: selector ? definedParts(selector) : 'everything' };
};

const definedParts = (parts: Readonly<Record<string, JsonValue | undefined>>): JsonObject =>
  Object.fromEntries(
    Object.entries(parts).flatMap(([key, part]) => (part === undefined ? [] : [[key, part]])),
  );
