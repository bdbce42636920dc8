import { Inject, Injectable, type NestMiddleware } from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { z } from 'zod';
import { DATABASE, type Db } from '../database/database.js';
import { requestIdOf } from '../http/request-id.js';
import { refusalOf, type Refusal } from '../http/refusals.js';
import { callerOf } from '../identity/decorators.js';
import { registryNameSchema, repositoryNameSchema } from '../oci/names.js';
import { FaultLog } from '../telemetry/fault-log.js';
import { LOGGER, type Logger } from '../telemetry/logger.js';
import { AuditLog } from './audit-log.js';

const READING: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

/** What a refused request names, as far as it can be read. */
const namedSchema = z.object({
  registry: registryNameSchema.nullable().catch(null),
  repository: repositoryNameSchema.nullable().catch(null),
  reason: z.string().max(2_000).nullable().catch(null),
  ticket: z.string().max(200).nullable().catch(null),
});

const NOTHING_NAMED = { registry: null, repository: null, reason: null, ticket: null };

const DELETION_PATH = /^\/v1\/deletions\/([0-9A-HJKMNP-TV-Z]{26})(?:\/|$)/;

/**
 * Records what callers were refused, and what failed before it was accepted. What became a deletion is not recorded
 * here: its own events say how it ended.
 */
@Injectable()
export class RefusedActs implements NestMiddleware {
  /** Where the database is away, each act that fails of it could not be recorded either. */
  private readonly faults: FaultLog;

  constructor(
    @Inject(DATABASE) private readonly db: Db,
    private readonly audit: AuditLog,
    @Inject(LOGGER) logger: Logger,
  ) {
    this.faults = new FaultLog(logger, 'a refused act could not be recorded', 'error');
  }

  use(request: Request, response: Response, next: NextFunction): void {
    response.once('finish', () => {
      const refusal = refusalOf(request);
      if (refusal && refusal.instance === null) this.record(request, refusal);
    });
    next();
  }

  /** Reading is recorded only where it was forbidden: what is not there, or is misspelt, is no act. */
  private record(request: Request, { status, code }: Refusal): void {
    const caller = callerOf(request);
    if (caller === null || (READING.includes(request.method) && status !== 403)) return;
    // Nothing here may throw: it would end the process, not the request.
    const named = namedSchema.safeParse(request.body).data ?? NOTHING_NAMED;
    this.audit
      .record(this.db, {
        action: status < 500 ? 'request.refused' : 'request.failed',
        outcome: status < 500 ? 'refused' : 'failed',
        code,
        actor: caller,
        ...named,
        repository: named.registry === null ? null : named.repository,
        requestId: requestIdOf(request),
        deletionId: DELETION_PATH.exec(request.path)?.[1] ?? null,
        details: { method: request.method, path: request.path.slice(0, 300), status },
      })
      .catch(this.faults.report);
  }
}
