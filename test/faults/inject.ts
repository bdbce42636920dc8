import { inWords, type Fault } from './schedule.js';
import type { Stage } from './stage.js';

/** A time in which one process stood still, in milliseconds since 1970. */
export interface Frozen {
  readonly writer: string;
  readonly from: number;
  to: number;
}

export interface Injected {
  readonly done: readonly Fault[];
  readonly frozen: readonly Frozen[];
  /** What the script itself could not do. */
  readonly broken: readonly string[];
}

/** The length of a fault, and the time to the next: here time itself is what is meant. */
const pass = (ms: number): Promise<void> => new Promise((done) => setTimeout(done, ms));

/** Plays the schedule and heals everything at its end. Faults of different kinds overlap as their times say. */
export const inject = async (schedule: readonly Fault[], stage: Stage): Promise<Injected> => {
  const done: Fault[] = [];
  const frozen: Frozen[] = [];
  const broken: string[] = [];
  const began = Date.now();
  // PostgreSQL and Redis go down one time after the other; and so does each process.
  const queues = new Map<string, Promise<void>>();
  const inTurn = (thing: string, act: () => Promise<void>): Promise<void> => {
    const next = (queues.get(thing) ?? Promise.resolve()).then(act);
    queues.set(
      thing,
      next.catch(() => undefined),
    );
    return next;
  };
  await Promise.all(
    schedule.map(async (fault) => {
      await pass(Math.max(0, began + fault.atMs - Date.now()));
      try {
        await inTurn(thingOf(fault), () => {
          stage.say(`  ${inWords(fault)}`);
          return act(fault, stage, frozen);
        });
        done.push(fault);
      } catch (error) {
        broken.push(`${inWords(fault)}: ${error instanceof Error ? error.message : String(error)}`);
      }
    }),
  );
  // One that found no room for its log ends by itself; who runs it starts it again.
  await stage.postgres.start();
  return { done, frozen, broken };
};

const thingOf = ({ what }: Fault): string => {
  switch (what.kind) {
    case 'kill':
      return `${what.role}-${what.slot}`;
    case 'freeze':
      return `worker-${what.slot}`;
    case 'flush-redis':
    case 'restart-redis-empty':
      return 'redis';
    case 'restart-postgres':
      return 'postgres';
    // A full disk stops PostgreSQL as well; it is not restarted into one.
    case 'fill-disk':
      return 'postgres';
    case 'cut-registry':
      return 'cut';
    case 'delay-registry':
      return 'delay';
    case 'lose-answers':
      return 'answers';
  }
};

const act = async (
  { what, forMs }: Fault,
  { fleet, redis, postgres, link, disk }: Stage,
  frozen: Frozen[],
): Promise<void> => {
  switch (what.kind) {
    case 'kill': {
      const slot = fleet.of(what.role, what.slot);
      await slot.kill();
      await pass(forMs);
      slot.start();
      return;
    }
    case 'freeze': {
      const slot = fleet.of('worker', what.slot);
      const entry = { writer: slot.writer(), from: Date.now(), to: Infinity };
      frozen.push(entry);
      slot.freeze();
      await pass(forMs);
      slot.wake();
      entry.to = Date.now();
      return;
    }
    case 'flush-redis':
      return redis.flush();
    case 'restart-redis-empty':
      await redis.kill();
      await pass(forMs);
      return redis.restartEmpty();
    case 'restart-postgres':
      await postgres.down(what.how);
      // It recovers and goes on by itself.
      if (what.how === 'crash') return;
      await pass(forMs);
      return postgres.start();
    case 'cut-registry':
      link.cut();
      await pass(forMs);
      return link.mend();
    case 'delay-registry':
      link.delay(what.mostMs);
      await pass(forMs);
      return link.delay(0);
    case 'lose-answers':
      link.loseAnswers(what.oneIn);
      await pass(forMs);
      return link.loseAnswers(0);
    case 'fill-disk':
      await disk?.fill();
      await pass(forMs);
      await disk?.empty();
      // Without room for its log it ends by itself; who runs it starts it again.
      return postgres.start();
  }
};
