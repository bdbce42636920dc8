import type { NextFunction, Request, Response } from 'express';
import { requestIdOf } from '../../http/request-id.js';
import { OPERATIONS, routeOf } from '../request-route.js';
import { NO_TRACING, type Tracing } from './tracing.js';

/** One span for each request, below the client's own where it sent a `traceparent`; it ends with the answer. */
export const traceRequests = (tracing: Tracing) => {
  if (tracing === NO_TRACING) return (_request: Request, _response: Response, next: NextFunction) => next();
  return (request: Request, response: Response, next: NextFunction): void => {
    if (OPERATIONS.includes(request.path)) {
      next();
      return;
    }
    const { method } = request;
    const attributes = { 'http.request.method': method, 'sexton.request': requestIdOf(request) };
    const parent = request.get('traceparent') ?? null;
    void tracing.inSpan(method, { attributes, parent, kind: 'server' }, async (span) => {
      const answered = new Promise((done) => response.once('close', done));
      next();
      await answered;
      const route = routeOf(request);
      span.rename(`${method} ${route}`);
      span.set({ 'http.route': route, 'http.response.status_code': response.statusCode });
      if (response.statusCode >= 500) span.fail(String(response.statusCode));
    });
  };
};
