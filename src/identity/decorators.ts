import { createParamDecorator, SetMetadata, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { SextonError } from '../errors/sexton-error.js';
import type { Caller } from './caller.js';
import type { Permission } from './permissions.js';

export const PERMISSION = Symbol('permission');
export const PUBLIC = Symbol('public');

/** The permission that a route needs. A route with neither this nor `@Public()` is closed to everyone. */
export const Requires = (permission: Permission): MethodDecorator => SetMetadata(PERMISSION, permission);

/** A route for everyone: health, metrics and the documentation. */
export const Public = (): MethodDecorator & ClassDecorator => SetMetadata(PUBLIC, true);

export const REGISTRY_TOKENS = Symbol('registry tokens');

/** A controller that takes tokens of the Docker token flow too. Everywhere else they are no credential. */
export const TakesRegistryTokens = (): ClassDecorator => SetMetadata(REGISTRY_TOKENS, true);

const callers = new WeakMap<Request, Caller>();

export const rememberCaller = (request: Request, caller: Caller): void => {
  callers.set(request, caller);
};

/** The caller that the guard let through. */
export const CurrentCaller = createParamDecorator((_: unknown, context: ExecutionContext): Caller => {
  const caller = callers.get(context.switchToHttp().getRequest<Request>());
  if (!caller) throw new SextonError('unauthenticated');
  return caller;
});
