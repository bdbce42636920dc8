import type { Request } from 'express';
import { Strategy } from 'passport';
import type { Caller } from './caller.js';

/** A passport strategy that reads the `Authorization` header alone: never a query or a body. */
export class HeaderStrategy extends Strategy {
  constructor(
    private readonly verify: (
      request: Request,
      done: (error: unknown, caller?: Caller | false) => void,
    ) => void,
  ) {
    super();
  }

  override authenticate(request: Request): void {
    this.verify(request, (error, caller) => {
      if (error) this.error(error);
      else if (caller) this.success(caller);
      else this.fail('Bearer realm="sexton"', 401);
    });
  }
}
