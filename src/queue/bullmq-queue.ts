import { setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import type { JobsOptions } from 'bullmq';
import type { RegistryName } from '../oci/names.js';
import {
  wakeUpSchema,
  type CollectionHandler,
  type CollectionWakeUp,
  type WakeUp,
  type WakeUpHandler,
  type WakeUpKind,
  type WakeUpQueue,
} from './wake-up-queue.js';

/** What is used of a BullMQ Queue, whichever store it is on. */
export interface OpenQueue {
  add(name: string, data: unknown, options: JobsOptions): Promise<unknown>;
  getJobCounts(...states: ('waiting' | 'active' | 'delayed')[]): Promise<Record<string, number>>;
  on(event: 'error', listener: (error: Error) => void): unknown;
  close(): Promise<void>;
}

/** What is used of a BullMQ Worker. */
export interface OpenWorker {
  on(event: 'error', listener: (error: Error) => void): unknown;
  on(event: 'failed', listener: (job: unknown, error: Error) => void): unknown;
  close(force?: boolean): Promise<void>;
}

/** How to open a BullMQ queue and worker on one store; made by the factory, which alone knows the stores. */
export interface BullBackend {
  readonly openQueue: (name: string) => OpenQueue;
  readonly openWorker: (
    name: string,
    processor: (job: { readonly data: unknown }) => Promise<void>,
    concurrency: number,
  ) => OpenWorker;
  readonly check: () => Promise<void>;
  readonly close: () => Promise<void>;
}

type QueueKind = WakeUpKind | CollectionWakeUp['kind'];

/** How long a store may take to take leave, in milliseconds. */
const CLOSE_MS = 2_000;

/** A finished wake-up is of no use to anyone: the story is in PostgreSQL. */
const EPHEMERAL: JobsOptions = { attempts: 1, removeOnComplete: true, removeOnFail: true };

/** Wake-ups on BullMQ: queues of their own for planning, executing and collecting in each registry: none waits behind another. */
export class BullWakeUpQueue implements WakeUpQueue {
  private readonly queues = new Map<string, OpenQueue>();
  private readonly workers: OpenWorker[] = [];
  private readonly running = new Set<Promise<void>>();
  private readonly ringing = new Set<Promise<void>>();
  private readonly stopping = new AbortController();

  constructor(
    private readonly backend: BullBackend,
    private readonly onError: (error: Error) => void,
  ) {
    // Every upstream call in flight listens to this one signal.
    setMaxListeners(0, this.stopping.signal);
  }

  ring(wakeUp: WakeUp | CollectionWakeUp, { insist = false } = {}): Promise<void> {
    return track(this.ringing, this.add(wakeUp, insist));
  }

  listen(kind: WakeUpKind, registry: RegistryName, concurrency: number, handler: WakeUpHandler): void {
    this.open(kind, registry, concurrency, (job) =>
      handler(wakeUpSchema.parse(job.data).repository, this.stopping.signal),
    );
  }

  listenForCollections(registry: RegistryName, handler: CollectionHandler): void {
    // Two: one that insists goes past a wake-up which a killed process left active; the claim lets one of them in.
    this.open('collect', registry, 2, () => handler(this.stopping.signal));
  }

  async depth(kind: WakeUpKind, registry: RegistryName): Promise<{ waiting: number; active: number }> {
    const counts = await this.queue(kind, registry).getJobCounts('waiting', 'active', 'delayed');
    return { waiting: (counts['waiting'] ?? 0) + (counts['delayed'] ?? 0), active: counts['active'] ?? 0 };
  }

  check(): Promise<void> {
    return this.backend.check();
  }

  /** A store that is away cannot be said goodbye to: after the handlers are done, closing it has its own deadline. */
  async close(): Promise<void> {
    this.stopping.abort(new Error('Sexton is stopping'));
    const closing = Promise.all(this.workers.map((worker) => worker.close()));
    closing.catch(() => undefined);
    await Promise.allSettled([...this.running]);
    // Nobody waits for most of them: what was accepted just now should not have to wait for the reconciler.
    await atMost(CLOSE_MS, Promise.allSettled([...this.ringing]));
    await atMost(CLOSE_MS, closing);
    await atMost(CLOSE_MS, Promise.all(this.workers.map((worker) => worker.close(true))));
    await atMost(CLOSE_MS, Promise.all([...this.queues.values()].map((queue) => queue.close())));
    await this.backend.close();
  }

  private async add(wakeUp: WakeUp | CollectionWakeUp, insist: boolean): Promise<void> {
    const { kind, ...about } = wakeUp;
    const id = wakeUp.kind === 'collect' ? wakeUp.kind : wakeUp.repository;
    const deduplication = insist ? {} : { deduplication: { id, keepLastIfActive: true } };
    const queue = this.queue(kind, wakeUp.registry);
    try {
      await queue.add(kind, about, { ...EPHEMERAL, ...deduplication });
    } catch (error) {
      this.forget(queueName(kind, wakeUp.registry), queue);
      throw error;
    }
  }

  private open(
    kind: QueueKind,
    registry: RegistryName,
    concurrency: number,
    handle: (job: { readonly data: unknown }) => Promise<void>,
  ): void {
    const worker = this.backend.openWorker(
      queueName(kind, registry),
      (job) => track(this.running, handle(job)),
      concurrency,
    );
    worker.on('error', this.onError);
    worker.on('failed', (_job, error) => this.onError(error));
    this.workers.push(worker);
  }

  /** One that was opened while its store was away fails for ever: the next call opens another. */
  private forget(name: string, queue: OpenQueue): void {
    if (this.queues.get(name) !== queue) return;
    this.queues.delete(name);
    queue.close().catch(this.onError);
  }

  private queue(kind: QueueKind, registry: RegistryName): OpenQueue {
    const name = queueName(kind, registry);
    const known = this.queues.get(name);
    if (known) return known;
    const queue = this.backend.openQueue(name);
    queue.on('error', this.onError);
    this.queues.set(name, queue);
    return queue;
  }
}

/** Keeps `work` in `set` while it goes on. */
const track = async (set: Set<Promise<void>>, work: Promise<void>): Promise<void> => {
  set.add(work);
  try {
    await work;
  } finally {
    set.delete(work);
  }
};

/** BullMQ forbids `:` in names; registry names hold only letters, digits and `-`. */
const queueName = (kind: QueueKind, registry: RegistryName): string => `${kind}.${registry}`;

/** Waits for `work`, but not longer than `ms`; its failure is not ours to answer any more. */
const atMost = async (ms: number, work: Promise<unknown>): Promise<void> => {
  const timer = new AbortController();
  await Promise.race([
    work.catch(() => undefined),
    delay(ms, undefined, { signal: timer.signal }).catch(() => undefined),
  ]);
  timer.abort();
};
