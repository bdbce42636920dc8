import type { NextFunction, Request, Response } from 'express';
import { newId } from '../ids/new-id.js';

const HEADER = 'X-Request-Id';
const ACCEPTABLE = /^[A-Za-z0-9._-]{1,64}$/;
const ids = new WeakMap<Request, string>();

/** Keeps the caller's request id where it is harmless in logs and headers, else makes one; answers with it. */
export const assignRequestId = (request: Request, response: Response, next: NextFunction): void => {
  const given = request.get(HEADER);
  const id = given !== undefined && ACCEPTABLE.test(given) ? given : newId();
  ids.set(request, id);
  response.setHeader(HEADER, id);
  next();
};

/** The id of this request, as it appears in logs, problems and audit events. */
export const requestIdOf = (request: Request): string => ids.get(request) ?? 'none';
