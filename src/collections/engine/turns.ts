import { setImmediate as nextTurn } from 'node:timers/promises';

/** Called between two pieces of work, of a millisecond at most; what it answers with is awaited before the next one. */
export type Turn = () => Promise<void> | void;

/** For a process that has nothing else to do. */
export const NO_TURNS: Turn = () => undefined;

/** However much waits, the work goes on after as many turns of others. */
const MOST_TURNS = 50;

/**
 * Lets whatever waits in this thread (requests, timers) have its turns once the work has gone on for `everyMs`, until
 * less than that waits.
 */
export const turnEvery = (everyMs: number): Turn => {
  let sinceMs = performance.now();
  const giveWay = async (): Promise<void> => {
    for (let turns = 0; turns < MOST_TURNS; turns++) {
      const beganMs = performance.now();
      await nextTurn();
      sinceMs = performance.now();
      if (sinceMs - beganMs < everyMs / 2) return;
    }
  };
  return () => (performance.now() - sinceMs < everyMs ? undefined : giveWay());
};

/** How many numbers are gone through between two turns. */
export const A_TURN = 1024;
