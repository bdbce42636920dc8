import type { IncomingMessage } from 'node:http';
import type { NextFunction, Request, Response } from 'express';
import { z } from 'zod';
import { SextonError } from '../errors/sexton-error.js';

/** Most bytes of the form. */
export const MOST_GRANT = '16kb';

const FORM = /^application\/x-www-form-urlencoded\b/i;
const TOKEN_PATH = /^\/v2\/token\/?(?:\?|$)/;

const grantSchema = z.object({
  grant_type: z.literal('password'),
  password: z.string().min(1),
  scope: z.string().max(2000).default(''),
});

/** The one request of Sexton whose body is a form; a body parser's `type`. */
export const isGrant = (request: IncomingMessage): boolean =>
  request.method === 'POST' &&
  TOKEN_PATH.test(request.url ?? '') &&
  FORM.test(request.headers['content-type'] ?? '');

/** Makes the form's password the password of Basic, so that the guard finds it where it finds every key. */
export const passwordGrantAsBasic = (request: Request, _response: Response, next: NextFunction): void => {
  const grant = grantSchema.safeParse(request.body);
  if (!grant.success) {
    next(
      new SextonError('invalid_request', {
        detail: 'A token is made of a form with grant_type=password and an API key as password',
      }),
    );
    return;
  }
  request.headers.authorization ??= `Basic ${Buffer.from(`:${grant.data.password}`).toString('base64')}`;
  next();
};

/** The scope that was asked for, which OAuth 2 wants repeated. */
export const scopeOfGrant = (body: unknown): string => grantSchema.safeParse(body).data?.scope ?? '';
