import { Inject, Injectable } from '@nestjs/common';
import { ulid } from 'ulid';
import type { JsonObject, JsonValue } from '../audit/audit-event.js';
import { AuditLog } from '../audit/audit-log.js';
import { DATABASE, type Db } from '../database/database.js';
import { digestOrNull } from '../oci/digest.js';
import { TRACING, type Tracing } from '../telemetry/tracing/tracing.js';
import type { Asked } from './asked.js';
import type { CreateDeletion } from './deletions.dto.js';
import { DeletionsStore } from './deletions.store.js';
import { AlreadyAsked, bindIdempotencyKey, hashRequest } from './idempotency.js';

/** Takes requests in: the deletion, its idempotency key and its audit event in one transaction. */
@Injectable()
export class DeletionIntake {
  constructor(
    @Inject(DATABASE) private readonly db: Db,
    private readonly audit: AuditLog,
    private readonly store: DeletionsStore,
    @Inject(TRACING) private readonly tracing: Tracing,
  ) {}

  /** The id of the new deletion, or of the one that the same key and body led to before. Durable once it returns. */
  async accept(
    { caller, requestId }: Asked,
    request: CreateDeletion,
    idempotencyKey: string | null,
  ): Promise<string> {
    const id = ulid();
    const createdAt = new Date();
    const [first = null, ...others] = request.references ?? [];
    const only = others.length === 0 ? first : null;
    const requestedBy = { id: caller.id, name: caller.name, address: caller.address };
    try {
      await this.db.transaction().execute(async (tx) => {
        const traceparent = this.tracing.traceparent();
        await this.store.insert(tx, { id, request, requestedBy, requestId, traceparent, createdAt });
        if (idempotencyKey !== null) {
          await bindIdempotencyKey(tx, {
            callerId: caller.id,
            key: idempotencyKey,
            requestHash: hashRequest(request),
            deletionId: id,
            createdAt,
          });
        }
        await this.audit.record(tx, {
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
        });
      });
      return id;
    } catch (error) {
      if (error instanceof AlreadyAsked) return error.deletionId;
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
