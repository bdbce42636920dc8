import {
  Inject,
  Injectable,
  type CallHandler,
  type ExecutionContext,
  type NestInterceptor,
  type NestMiddleware,
} from '@nestjs/common';
import type { NextFunction, Request, Response } from 'express';
import { tap, type Observable } from 'rxjs';
import { z } from 'zod';
import { DATABASE, type Db } from '../database/database.js';
import { requestIdOf } from '../http/request-id.js';
import { callerOf } from '../identity/decorators.js';
import { registryNameSchema, repositoryNameSchema } from '../oci/names.js';
import { LOGGER, type Logger } from '../telemetry/logger.js';
import { AuditLog } from './audit-log.js';

const READING: readonly string[] = ['GET', 'HEAD', 'OPTIONS'];

/** What both kinds of errors have that leave a controller: the API's, and those of the registry-compatible front. */
const thrownSchema = z.object({
  status: z.number(),
  code: z.string(),
  instance: z.string().nullish(),
  detail: z.object({ code: z.string(), deletion: z.string() }).partial().nullish().catch(null),
});

/** What a refused request names, as far as it can be read. */
const namedSchema = z.object({
  registry: registryNameSchema.nullable().catch(null),
  repository: repositoryNameSchema.nullable().catch(null),
  reason: z.string().max(2_000).nullable().catch(null),
  ticket: z.string().max(200).nullable().catch(null),
});

const DELETION_PATH = /^\/v1\/deletions\/([0-9A-HJKMNP-TV-Z]{26})(?:\/|$)/;

/**
 * Records what callers were refused, and what failed before it was accepted. What became a deletion is not recorded
 * here: its own events say how it ended.
 */
@Injectable()
export class RefusedActs implements NestInterceptor, NestMiddleware {
  private readonly noted = new WeakSet<Request>();

  constructor(
    @Inject(DATABASE) private readonly db: Db,
    private readonly audit: AuditLog,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** Sees what pipes and handlers throw. */
  intercept(context: ExecutionContext, next: CallHandler): Observable<unknown> {
    const request = context.switchToHttp().getRequest<Request>();
    return next.handle().pipe(
      tap({
        error: (thrown: unknown) => {
          this.noted.add(request);
          const { status, code, instance, detail } = thrownSchema.safeParse(thrown).data ?? INTERNAL;
          const isRecordedElsewhere = (instance ?? detail?.deletion ?? null) !== null;
          if (!isRecordedElsewhere) this.note(request, status, detail?.code ?? code);
        },
      }),
    );
  }

  /** Sees what the guard refused by role, where no interceptor runs. */
  use(request: Request, response: Response, next: NextFunction): void {
    response.once('finish', () => {
      if (response.statusCode === 403 && !this.noted.has(request)) this.note(request, 403, 'forbidden');
    });
    next();
  }

  /** Reading is recorded only where it was forbidden: what is not there, or is misspelt, is no act. */
  private note(request: Request, status: number, code: string): void {
    const caller = callerOf(request);
    if (caller === null || (READING.includes(request.method) && status !== 403)) return;
    const named = namedSchema.parse(typeof request.body === 'object' ? (request.body ?? {}) : {});
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
      .catch((error: unknown) => this.logger.error({ err: error }, 'a refused act could not be recorded'));
  }
}

const INTERNAL = { status: 500, code: 'internal_error', instance: null, detail: null };
