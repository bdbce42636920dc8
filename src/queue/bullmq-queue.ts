import { setMaxListeners } from 'node:events';
import type { JobsOptions } from 'bullmq';
import type { RegistryName } from '../oci/names.js';
import {
  wakeUpSchema,
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
  close(): Promise<void>;
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

/** A finished wake-up is of no use to anyone: the story is in PostgreSQL. */
const EPHEMERAL: JobsOptions = { attempts: 1, removeOnComplete: true, removeOnFail: true };

/** Wake-ups on BullMQ: two queues a registry, so that planning never waits behind a long execution. */
export class BullWakeUpQueue implements WakeUpQueue {
  private readonly queues = new Map<string, OpenQueue>();
  private readonly workers: OpenWorker[] = [];
  private readonly stopping = new AbortController();

  constructor(
    private readonly backend: BullBackend,
    private readonly onError: (error: Error) => void,
  ) {
    // Every upstream call in flight listens to this one signal.
    setMaxListeners(0, this.stopping.signal);
  }

  async ring({ kind, registry, repository }: WakeUp, { insist = false } = {}): Promise<void> {
    const deduplication = insist ? {} : { deduplication: { id: repository, keepLastIfActive: true } };
    await this.queue(kind, registry).add(kind, { registry, repository }, { ...EPHEMERAL, ...deduplication });
  }

  listen(kind: WakeUpKind, registry: RegistryName, concurrency: number, handler: WakeUpHandler): void {
    const worker = this.backend.openWorker(
      queueName(kind, registry),
      async (job) => handler(wakeUpSchema.parse(job.data).repository, this.stopping.signal),
      concurrency,
    );
    worker.on('error', this.onError);
    worker.on('failed', (_job, error) => this.onError(error));
    this.workers.push(worker);
  }

  async depth(kind: WakeUpKind, registry: RegistryName): Promise<{ waiting: number; active: number }> {
    const counts = await this.queue(kind, registry).getJobCounts('waiting', 'active', 'delayed');
    return { waiting: (counts['waiting'] ?? 0) + (counts['delayed'] ?? 0), active: counts['active'] ?? 0 };
  }

  check(): Promise<void> {
    return this.backend.check();
  }

  async close(): Promise<void> {
    this.stopping.abort(new Error('Sexton is stopping'));
    await Promise.all(this.workers.map((worker) => worker.close()));
    await Promise.all([...this.queues.values()].map((queue) => queue.close()));
    await this.backend.close();
  }

  private queue(kind: WakeUpKind, registry: RegistryName): OpenQueue {
    const name = queueName(kind, registry);
    const known = this.queues.get(name);
    if (known) return known;
    const queue = this.backend.openQueue(name);
    queue.on('error', this.onError);
    this.queues.set(name, queue);
    return queue;
  }
}

/** BullMQ forbids `:` in names; registry names hold only letters, digits and `-`. */
const queueName = (kind: WakeUpKind, registry: RegistryName): string => `${kind}.${registry}`;
