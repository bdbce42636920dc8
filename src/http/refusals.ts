import type { Request } from 'express';

/** How a request was answered that was not done. */
export interface Refusal {
  readonly status: number;
  /** Sexton's stable code. */
  readonly code: string;
  /** The resource that it is about, where there is one: its own events say how it ended. */
  readonly instance: string | null;
}

const refusals = new WeakMap<Request, Refusal>();

/** Called by whoever turns an error into an answer. */
export const noteRefusal = (request: Request, refusal: Refusal): void => {
  refusals.set(request, refusal);
};

export const refusalOf = (request: Request): Refusal | null => refusals.get(request) ?? null;
