import { Injectable, type CanActivate, type ExecutionContext } from '@nestjs/common';
import type { Request } from 'express';
import { z } from 'zod';
import { invalidRequest } from './validation.js';

const NOTHING = z.strictObject({}).optional();

/** Of a call that takes no body: one with fields is an error, as elsewhere a field that is not known. */
@Injectable()
export class NoBody implements CanActivate {
  canActivate(context: ExecutionContext): boolean {
    const parsed = NOTHING.safeParse(context.switchToHttp().getRequest<Request>().body);
    if (parsed.success) return true;
    throw invalidRequest(parsed.error.issues);
  }
}
