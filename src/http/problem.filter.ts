import {
  Catch,
  HttpException,
  NotFoundException,
  type ArgumentsHost,
  type ExceptionFilter,
} from '@nestjs/common';
import type { Request, Response } from 'express';
import { databaseFault } from '../database/database-fault.js';
import { SextonError } from '../errors/sexton-error.js';
import { allowedMethods } from './allowed-methods.js';
import { noteRefusal } from './refusals.js';
import { toProblem } from './problem.js';
import { requestIdOf } from './request-id.js';

/** What Express's body parser says of a body it refuses (its `type` field). */
const BODY_FAULTS: Readonly<Record<string, () => SextonError>> = {
  'entity.too.large': () => new SextonError('payload_too_large'),
  'parameters.too.many': () => new SextonError('payload_too_large'),
  'entity.parse.failed': () => new SextonError('malformed_json'),
  'encoding.unsupported': () => new SextonError('unsupported_media_type'),
  'charset.unsupported': () => new SextonError('unsupported_media_type'),
  'request.aborted': () =>
    new SextonError('malformed_json', { detail: 'The request ended before its body did' }),
  'request.size.invalid': () =>
    new SextonError('malformed_json', { detail: 'The body is not as long as it said' }),
};

/** The only way an error leaves the process: a problem with a stable code, without stack or secret. */
@Catch()
export class ProblemFilter implements ExceptionFilter {
  constructor(private readonly onUnexpected: (error: unknown, requestId: string) => void) {}

  catch(thrown: unknown, host: ArgumentsHost): void {
    const http = host.switchToHttp();
    const request = http.getRequest<Request>();
    const response = http.getResponse<Response>();
    const requestId = requestIdOf(request);
    // Nest's own, for what no route took; what a route does not find is an error of ours.
    const allowed = thrown instanceof NotFoundException ? allowedMethods(request) : [];
    if (allowed.length > 0) response.setHeader('Allow', allowed.join(', '));
    if (allowed.length > 0 && request.method === 'OPTIONS') {
      response.status(204).end();
      return;
    }
    const error =
      allowed.length > 0
        ? new SextonError('method_not_allowed', { detail: `This path takes ${allowed.join(', ')}` })
        : this.translate(thrown, requestId);
    noteRefusal(request, error);
    if (response.headersSent) {
      response.end();
      return;
    }
    if (error.status === 401) {
      response.setHeader('WWW-Authenticate', 'Bearer realm="sexton", Basic realm="sexton", charset="UTF-8"');
    }
    if (error.retryAfterMs !== null) {
      response.setHeader('Retry-After', String(Math.max(1, Math.ceil(error.retryAfterMs / 1000))));
    }
    response
      .status(error.status)
      .type('application/problem+json')
      .send(JSON.stringify(toProblem(error, request.originalUrl.split('?')[0] ?? '/', requestId)));
  }

  private translate(thrown: unknown, requestId: string): SextonError {
    if (thrown instanceof SextonError) return thrown;
    const bodyFault = bodyFaultOf(thrown);
    if (bodyFault) return bodyFault;
    if (thrown instanceof HttpException) {
      const cause = bodyFaultOf(thrown.cause);
      if (cause) return cause;
      const status = thrown.getStatus();
      if (status === 404) return new SextonError('not_found', { detail: 'There is nothing at this path' });
      if (status === 413) return new SextonError('payload_too_large');
      if (status === 415) return new SextonError('unsupported_media_type');
      if (status === 401) return new SextonError('unauthenticated');
      if (status === 400 && /^failed to decode/i.test(thrown.message)) return undecodablePath();
      if (status === 400)
        return new SextonError('malformed_json', { detail: 'The request could not be read' });
    }
    if (thrown instanceof URIError) return undecodablePath();
    const fault = databaseFault(thrown);
    if (fault) return fault;
    this.onUnexpected(thrown, requestId);
    return new SextonError('internal_error');
  }
}

const bodyFaultOf = (thrown: unknown): SextonError | null => {
  if (typeof thrown !== 'object' || thrown === null || !('type' in thrown)) return null;
  const type = thrown.type;
  return typeof type === 'string' ? (BODY_FAULTS[type]?.() ?? null) : null;
};

const undecodablePath = (): SextonError =>
  new SextonError('invalid_request', { detail: 'The path is not valid percent-encoding' });
