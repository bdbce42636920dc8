import type { Caller } from '../identity/caller.js';

/** Who asks, and under which request id it is recorded. */
export interface Asked {
  readonly caller: Caller;
  readonly requestId: string;
  /** Aborted when the client has gone. */
  readonly signal: AbortSignal;
}
