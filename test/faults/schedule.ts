import fc from 'fast-check';
import type { PostgresStop } from '../../tools/postgres-server.js';

/** One fault: what goes wrong, from when to when, in milliseconds from the start of the script. */
export interface Fault {
  readonly atMs: number;
  readonly forMs: number;
  readonly what: What;
}

export type What =
  | { readonly kind: 'kill'; readonly role: 'api' | 'worker'; readonly slot: number }
  | { readonly kind: 'freeze'; readonly slot: number }
  | { readonly kind: 'flush-redis' }
  | { readonly kind: 'restart-redis-empty' }
  | { readonly kind: 'restart-postgres'; readonly how: PostgresStop }
  | { readonly kind: 'cut-registry' }
  | { readonly kind: 'delay-registry'; readonly mostMs: number }
  /** The registry does what it is asked, and its answer is lost. */
  | { readonly kind: 'lose-answers'; readonly oneIn: number }
  | { readonly kind: 'fill-disk' };

/** Longer than a BullMQ lock (src/queue/create-queue.ts: 15 s) and the round that finds it stalled. */
export const LONG_FREEZE_MS = 17_000;

const WORKERS = 3;
const APIS = 2;

const worker = fc.integer({ min: 0, max: WORKERS - 1 });

type Lasting = Omit<Fault, 'atMs'>;

const lasting = (what: fc.Arbitrary<What>, least: number, most: number): fc.Arbitrary<Lasting> =>
  fc.record({ what, forMs: fc.integer({ min: least, max: most }) });
const how = fc.constantFrom<PostgresStop>('fast', 'immediate', 'crash');
const killed = (role: 'api' | 'worker', slot: fc.Arbitrary<number>) =>
  slot.map((slot): What => ({ kind: 'kill', role, slot }));
const frozen = worker.map((slot): What => ({ kind: 'freeze', slot }));
const restarted = how.map((how): What => ({ kind: 'restart-postgres', how }));
const delayed = fc
  .integer({ min: 50, max: 1_500 })
  .map((mostMs): What => ({ kind: 'delay-registry', mostMs }));
const lost = fc.integer({ min: 2, max: 8 }).map((oneIn): What => ({ kind: 'lose-answers', oneIn }));
const only = (kind: 'flush-redis' | 'restart-redis-empty' | 'cut-registry' | 'fill-disk') =>
  fc.constant<What>({ kind });

const anything: fc.Arbitrary<Lasting> = fc.oneof(
  { weight: 5, arbitrary: lasting(killed('worker', worker), 0, 1_500) },
  { weight: 2, arbitrary: lasting(killed('api', fc.integer({ min: 0, max: APIS - 1 })), 0, 1_000) },
  { weight: 2, arbitrary: lasting(only('flush-redis'), 0, 0) },
  { weight: 2, arbitrary: lasting(only('restart-redis-empty'), 0, 1_000) },
  { weight: 4, arbitrary: lasting(restarted, 0, 1_200) },
  { weight: 2, arbitrary: lasting(frozen, 300, 4_000) },
  { weight: 2, arbitrary: lasting(only('cut-registry'), 100, 1_500) },
  { weight: 3, arbitrary: lasting(delayed, 500, 3_000) },
  { weight: 2, arbitrary: lasting(lost, 300, 2_000) },
);

/**
 * The faults of one run, in the order of their times: a pure function of its arguments. Every run freezes a worker for
 * longer than its lock, restarts PostgreSQL while it is frozen, loses Redis once each way and, where it can, fills the disk.
 */
export const scheduleOf = (
  seed: number,
  {
    lengthMs,
    faults,
    canFillDisk,
  }: { readonly lengthMs: number; readonly faults: number; readonly canFillDisk: boolean },
): readonly Fault[] => {
  const within = (from: number, to: number) =>
    fc.integer({ min: Math.round(lengthMs * from), max: Math.round(lengthMs * to) });
  const at = (atMs: fc.Arbitrary<number>, fault: fc.Arbitrary<Lasting>): fc.Arbitrary<Fault> =>
    fc.tuple(atMs, fault).map(([atMs, fault]) => ({ atMs, ...fault }));
  const certain = fc.tuple(
    at(within(0.02, 0.2), lasting(frozen, LONG_FREEZE_MS, LONG_FREEZE_MS)),
    at(within(0.25, 0.6), lasting(restarted, 0, 1_000)),
    at(within(0, 1), lasting(only('flush-redis'), 0, 0)),
    at(within(0, 1), lasting(only('restart-redis-empty'), 0, 800)),
    at(within(0.3, 1), lasting(only('fill-disk'), 300, 2_000)),
  );
  const others = fc.array(at(within(0, 1), anything), { minLength: faults, maxLength: faults });
  const [script] = fc.sample(fc.tuple(certain, others), { seed, numRuns: 1 });
  if (!script) throw new Error('no schedule was made');
  const all = [...script[0], ...script[1]].filter(({ what }) => canFillDisk || what.kind !== 'fill-disk');
  return all.sort((a, b) => a.atMs - b.atMs);
};

/** As printed: `+1.2s freeze worker 1 for 17.0s`. */
export const inWords = ({ atMs, forMs, what }: Fault): string => {
  const seconds = (ms: number) => `${(ms / 1000).toFixed(1)}s`;
  const { kind, ...how } = what;
  const details = Object.values(how).join(' ');
  return `+${seconds(atMs)} ${kind}${details === '' ? '' : ` ${details}`}${forMs > 0 ? ` for ${seconds(forMs)}` : ''}`;
};
