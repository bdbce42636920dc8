import { setInterval } from 'node:timers/promises';
import { LookStopped, type Look, type Surveyor } from '../../engine/surveyor.js';

const ASK_EVERY_MS = 1_000;

/**
 * `surveyor`, whose looks for what may go end with `LookStopped` soon after `mayGoOn` says no: with an I/O limit one
 * takes minutes. A look for what must come back goes on to its end.
 */
export const stoppable = <L extends Look>(
  surveyor: Surveyor<L>,
  mayGoOn: () => Promise<boolean>,
  everyMs = ASK_EVERY_MS,
): Surveyor<L> => ({
  ...surveyor,
  look: async (rules, hooks = {}) => {
    if (!Number.isFinite(rules.graceMs)) return surveyor.look(rules, hooks);
    const stop = new AbortController();
    const done = new AbortController();
    const asking = (async () => {
      for await (const _ of setInterval(everyMs, undefined, { signal: done.signal })) {
        if (!(await mayGoOn())) stop.abort(new LookStopped());
      }
    })().catch((error: unknown) => {
      // Nobody may ask any more: the claim is lost, or the database is gone.
      if (!done.signal.aborted) stop.abort(error);
    });
    const signals = [stop.signal, ...(hooks.signal ? [hooks.signal] : [])];
    try {
      return await surveyor.look(rules, { ...hooks, signal: AbortSignal.any(signals) });
    } finally {
      done.abort();
      await asking;
    }
  },
});
