import type { NextFunction, Request, Response } from 'express';
import { z } from 'zod';
import { requestIdOf } from '../../http/request-id.js';
import { NO_TRACING, type Tracing } from './tracing.js';

/** Asked every few seconds by machines; a trace of each would bury the others. */
export const OPERATIONS: readonly string[] = ['/healthz', '/readyz', '/metrics'];

const routeSchema = z.object({ path: z.string() });

/** The route as it stands in the code, such as `/v1/deletions/:id`: never a path, of which there is no end. */
export const routeOf = (request: Request): string => {
  const route = routeSchema.safeParse(request.route);
  return route.success ? route.data.path : 'unmatched';
};

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
