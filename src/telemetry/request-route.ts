import type { NextFunction, Request, Response } from 'express';
import { z } from 'zod';
import type { ProcessMetrics } from './process-metrics.js';

/** Asked every few seconds by machines, and without a key. */
export const OPERATIONS: readonly string[] = ['/healthz', '/readyz', '/metrics'];

const routeSchema = z.object({ path: z.string() });

/** The route as it stands in the code, such as `/v1/deletions/:id`: never a path, of which there is no end. */
export const routeOf = (request: Request): string => {
  const route = routeSchema.safeParse(request.route);
  return route.success ? route.data.path : 'unmatched';
};

/** Counts each request when it is answered or its client has gone. */
export const measureRequests =
  (metrics: ProcessMetrics) =>
  (request: Request, response: Response, next: NextFunction): void => {
    const beganMs = performance.now();
    response.once('close', () => {
      const type = response.getHeader('content-type');
      // Open for as long as its reader likes.
      if (typeof type === 'string' && type.startsWith('text/event-stream')) return;
      const seconds = (performance.now() - beganMs) / 1000;
      metrics.answered(request.method, routeOf(request), response.statusCode, seconds);
    });
    next();
  };
