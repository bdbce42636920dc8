import { Catch, HttpException, Inject, type ArgumentsHost, type ExceptionFilter } from '@nestjs/common';
import type { Request, Response } from 'express';
import type { ErrorCode } from '../errors/codes.js';
import { databaseFault } from '../database/database-fault.js';
import { SextonError } from '../errors/sexton-error.js';
import { requestIdOf } from '../http/request-id.js';
import { noteRefusal, type Refusal } from '../http/refusals.js';
import { LOGGER, type Logger } from '../telemetry/logger.js';
import { FrontChallenge } from './front-challenge.js';
import { FrontError, type FrontCode } from './front-error.js';
import { allowAfterRefusal } from './front-methods.js';

/** What each of our codes is to a client of a registry; what is not listed is its status and UNKNOWN. */
const AS_REGISTRY: Readonly<Partial<Record<ErrorCode, readonly [status: number, code: FrontCode]>>> = {
  unauthenticated: [401, 'UNAUTHORIZED'],
  key_expired: [401, 'UNAUTHORIZED'],
  token_expired: [401, 'UNAUTHORIZED'],
  issuer_unavailable: [503, 'UNAVAILABLE'],
  forbidden: [403, 'DENIED'],
  not_found: [404, 'NAME_UNKNOWN'],
  unknown_registry: [404, 'NAME_UNKNOWN'],
  reference_not_found: [404, 'MANIFEST_UNKNOWN'],
  already_absent: [404, 'MANIFEST_UNKNOWN'],
  invalid_request: [400, 'NAME_INVALID'],
  rate_limited: [429, 'TOOMANYREQUESTS'],
  delete_disabled: [405, 'UNSUPPORTED'],
  registry_read_only: [405, 'UNSUPPORTED'],
  untag_unsupported: [405, 'UNSUPPORTED'],
  digest_unsupported: [405, 'UNSUPPORTED'],
  listing_unsupported: [405, 'UNSUPPORTED'],
  upstream_rate_limited: [503, 'UNAVAILABLE'],
  upstream_unavailable: [503, 'UNAVAILABLE'],
  upstream_timeout: [503, 'UNAVAILABLE'],
};

/** Everything that goes wrong at the front, in the words of a registry (OCI distribution spec, "Error Codes"). */
@Catch()
export class FrontErrorFilter implements ExceptionFilter {
  constructor(
    @Inject(LOGGER) private readonly log: Logger,
    private readonly challenge: FrontChallenge,
  ) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const response = http.getResponse<Response>();
    const request = http.getRequest<Request>();
    const error = this.translate(thrown, request);
    noteRefusal(request, refusalIn(error));
    if (response.headersSent) {
      response.end();
      return;
    }
    if (error.status === 401) response.setHeader('WWW-Authenticate', this.challenge.of(request));
    if (error.retryAfterMs !== null) {
      response.setHeader('Retry-After', String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))));
    }
    if (error.status === 405) response.setHeader('Allow', allowAfterRefusal(request.path, request.method));
    response.setHeader('Docker-Distribution-Api-Version', 'registry/2.0');
    const { code, message, detail } = error;
    response.status(error.status).json({ errors: [{ code, message, detail }] });
  }

  private translate(thrown: unknown, request: Request): FrontError {
    if (thrown instanceof FrontError) return thrown;
    if (thrown instanceof SextonError) return asFrontError(thrown);
    const fault = databaseFault(thrown);
    if (fault) return asFrontError(fault);
    if (thrown instanceof HttpException && thrown.getStatus() < 500) {
      return new FrontError(thrown.getStatus(), 'UNSUPPORTED', 'The request could not be read');
    }
    const requestId = requestIdOf(request);
    this.log.error({ err: thrown, request: requestId }, 'a request at the front failed unexpectedly');
    return new FrontError(500, 'UNKNOWN', 'Something went wrong in Sexton', { requestId });
  }
}

/** With what to do next in the message: clients print nothing else. */
export const asFrontError = (error: SextonError): FrontError => {
  const [status, code] = AS_REGISTRY[error.code] ?? [error.status, error.status < 500 ? 'DENIED' : 'UNKNOWN'];
  const message = `${error.message.replace(/[.]?$/, '.')} ${error.hint}`;
  const detail = { code: error.code, ...(error.instance !== null && { deletion: error.instance }) };
  return new FrontError(status, code, message, detail, error.retryAfterMs);
};

/** An error of our own has our code in its detail; what only a registry's client can do wrong has none. */
const refusalIn = ({ status, detail }: FrontError): Refusal => ({
  status,
  code: typeof detail?.['code'] === 'string' ? detail['code'] : 'invalid_request',
  instance: typeof detail?.['deletion'] === 'string' ? detail['deletion'] : null,
});
