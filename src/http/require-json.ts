import type { NextFunction, Request, Response } from 'express';
import { SextonError } from '../errors/sexton-error.js';

/** A body of another type would be silently ignored by the parser; say so instead. */
export const requireJson = (request: Request, _response: Response, next: NextFunction): void => {
  const hasBody =
    request.headers['transfer-encoding'] !== undefined || Number(request.headers['content-length'] ?? 0) > 0;
  if (hasBody && request.is(['application/json', 'application/*+json']) === false) {
    next(new SextonError('unsupported_media_type'));
    return;
  }
  next();
};
