import { setImmediate as nextTurn } from 'node:timers/promises';
import { Worker } from 'node:worker_threads';
import { FilesystemStorage } from '../../storage/filesystem-storage.js';
import { blobShard, layers as layersOf } from '../../storage/layout.js';
import { isSpare } from './answer-buffer.js';
import { KEY_WORDS, type PackedDigests } from './digest-key.js';
import type { CollectionFault, Found } from './fault.js';
import type { QuarantineEntry } from './journal.js';
import { moveOut } from './quarantine.js';
import type { ManifestReading } from './read-manifests.js';
import {
  answerCall,
  errorOf,
  type ScanAnswer,
  type ScanAnswers,
  type ScanCall,
  type ScanMessage,
  type ScanReady,
} from './scan-call.js';
import type { BlobShard } from './scan-blobs.js';
import type { RepositoryScan } from './scan-repository.js';
import { packedParts, timesParts } from './scan-parts.js';
import type { FileTimes, RepositoryScanOptions, Scanner, TimesRequest } from './scanner.js';

/** How much of each a worker is given at a time, and of blobs one shard. */
interface Pieces {
  readonly repositories: number;
  readonly manifests: number;
  readonly times: number;
}

/** Small enough to keep all busy to the end. */
const PIECES: Pieces = { repositories: 16, manifests: 250, times: 250 };

/** An answer is taken in by this thread, which has requests to answer meanwhile. */
const SMALL_PIECES: Pieces = { repositories: 3, manifests: 48, times: 200 };

/** A young generation of V8's own choice would let each thread grow by 48 MB before it tidies up. */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 6 };

/** A worker always has one more call than it works on, so that it need not wait while this thread is busy. */
const CALLS_A_WORKER = 2;

/** Into how many pieces a batch is cut for each thread, so that all are done at about the same time. */
const MOVES_A_THREAD = 4;

/** Fewer entries are moved faster than they are handed over. */
const WORTH_THREADS = 100;

/** What a call was answered with, and the buffer that its arrays lie in where a worker answered. */
interface Answered<T> {
  readonly value: T;
  readonly buffer: ArrayBuffer | null;
}

interface Task {
  readonly call: ScanCall;
  readonly resolve: (answered: Answered<ScanAnswers[keyof ScanAnswers]>) => void;
  readonly reject: (error: Error) => void;
}

/**
 * Reads a file system, and moves batches out of it, with this thread and some more, whose calls may block: whoever must
 * not block (the API) runs a whole collection elsewhere. A thread costs 60 ms of a core before it is of any use, so there
 * is one less than cores.
 */
export class WorkerScanner implements Scanner {
  readonly #storage: FilesystemStorage;
  readonly #workers: Worker[] = [];
  /** The calls of each worker that is ready, the one it works on first. */
  readonly #running = new Map<Worker, Task[]>();
  readonly #waiting: Task[] = [];
  /** Folders in which some thread found no link, and how many of them each worker was told of. */
  readonly #linkFree: string[] = [];
  readonly #told = new Map<Worker, number>();
  /** Buffers of answers that were taken in, for others. */
  readonly #spares: ArrayBuffer[] = [];
  #failure: Error | null = null;

  readonly #background: boolean;
  readonly #pieces: Pieces;

  /**
   * In the background the other threads have the lowest priority, and this one does not read: it may have requests to
   * answer. Otherwise it reads as well, in pieces of about 10 ms. Threads that rest leave the processor to others.
   */
  constructor(root: string, threads: number, { background = false, rests = false } = {}) {
    this.#background = background;
    this.#pieces = background ? SMALL_PIECES : PIECES;
    this.#storage = new FilesystemStorage(root);
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const entry = new URL(`./scan-worker.${extension}`, import.meta.url);
    for (let i = 0; i < threads; i++) {
      const worker = new Worker(entry, {
        workerData: { root, background, rests },
        resourceLimits: RESOURCE_LIMITS,
      });
      worker.on('message', (answer: ScanAnswer | ScanReady) => {
        if ('ready' in answer) this.#start(worker);
        else this.#settle(worker, answer);
      });
      worker.on('error', (error) => this.#fail(error instanceof Error ? error : new Error(String(error))));
      worker.on('exit', () => this.#fail(new Error('a scanning thread ended')));
      this.#workers.push(worker);
    }
  }

  /** Until a worker has loaded, this thread takes what comes first: what it reads itself it can take in meanwhile. */
  #start(worker: Worker): void {
    this.#running.set(worker, []);
    this.#dispatch();
  }

  blobs(shards: readonly BlobShard[]): AsyncIterable<Found<PackedDigests>> {
    const answers = this.#inOrder(shards.map((shard) => this.#call<'blobs'>({ kind: 'blobs', shard })));
    return this.#noting(answers, ({ faults }, n) =>
      faults.length > 0
        ? []
        : shards.slice(n, n + 1).map(({ algorithm, shard }) => blobShard(algorithm, shard)),
    );
  }

  repositories(names: readonly string[], options: RepositoryScanOptions): AsyncIterable<RepositoryScan> {
    const answers = this.#inOrder(
      chunks(names, this.#pieces.repositories).map((part) =>
        this.#call<'repositories'>({ kind: 'repositories', names: part, options }),
      ),
    );
    return this.#noting(answers, ({ repository, faults, layers }) =>
      faults.length > 0 || layers.words.length === 0 ? [] : [`${layersOf(repository)}/sha256`],
    );
  }

  manifests(digests: PackedDigests): AsyncIterable<ManifestReading> {
    return this.#inOrder(
      packedParts(digests, this.#pieces.manifests).map((part) =>
        this.#call<'manifests'>({ kind: 'manifests', digests: part }),
      ),
    );
  }

  async times(request: TimesRequest): Promise<Found<FileTimes>> {
    const length = request.digests.words.length / KEY_WORDS;
    const found = { sizesBytes: new Float64Array(length), modifiedMs: new Float64Array(length) };
    const faults: CollectionFault[] = [];
    const calls = timesParts(request, this.#pieces.times).map((part) =>
      this.#call<'times'>({ kind: 'times', request: part }),
    );
    let at = 0;
    for await (const part of this.#inOrder(calls)) {
      found.sizesBytes.set(part.found.sizesBytes, at);
      found.modifiedMs.set(part.found.modifiedMs, at);
      faults.push(...part.faults);
      at += part.found.sizesBytes.length;
    }
    return { found, faults };
  }

  /**
   * As `moveOut` of quarantine.ts, in all threads. After a fault no piece is begun that no thread has yet, and however
   * it ends, none of them moves anything once it has.
   */
  async moveOut(entries: readonly QuarantineEntry[]): Promise<void> {
    if (entries.length < WORTH_THREADS) return moveOut(this.#storage, entries);
    const pieces = MOVES_A_THREAD * (this.#workers.length + 1);
    // Those of a repository together: every piece looks anew at each folder on its way.
    const order = entries.toSorted((a, b) => compare(a.files.at(-1), b.files.at(-1)));
    const calls = chunks(order, Math.ceil(entries.length / pieces)).map((part) =>
      this.#call<'moveOut'>({ kind: 'moveOut', entries: part }),
    );
    for (const call of calls) call.catch((error: unknown) => this.#giveUp('moveOut', error));
    try {
      for await (const _ of this.#inOrder([...calls]));
    } catch (error) {
      // Whoever hears of it lets the storage's lock go.
      await Promise.allSettled(calls);
      if (this.#failure) await this.close();
      throw error;
    }
  }

  async close(): Promise<void> {
    this.#failure ??= new Error('the scanner is closed');
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  /** Passes the answers on; folders in which one thread found no link need not be looked at again by another. */
  async *#noting<T>(
    answers: AsyncIterable<T>,
    linkFreeIn: (answer: T, n: number) => readonly string[],
  ): AsyncGenerator<T> {
    let n = 0;
    for await (const answer of answers) {
      const folders = linkFreeIn(answer, n++);
      this.#linkFree.push(...folders);
      this.#storage.trust(folders);
      yield answer;
    }
  }

  #call<K extends ScanCall['kind']>(call: ScanCall & { kind: K }): Promise<Answered<ScanAnswers[K]>> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      // The worker answers what the call asks: see answerCall.
      const settle = resolve as Task['resolve'];
      this.#waiting.push({ call, resolve: settle, reject });
      this.#dispatch();
    });
  }

  #dispatch(): void {
    for (let calls = 0; calls < CALLS_A_WORKER; calls++) {
      for (const [worker, running] of this.#running) {
        const task = running.length === calls ? this.#waiting.shift() : undefined;
        if (!task) continue;
        running.push(task);
        const spare = this.#spares.pop() ?? null;
        const message: ScanMessage = {
          call: task.call,
          linkFree: this.#linkFree.slice(this.#told.get(worker)),
          spare,
        };
        this.#told.set(worker, this.#linkFree.length);
        worker.postMessage(message, spare === null ? [] : [spare]);
      }
    }
  }

  /** Begins no more of these calls. */
  #giveUp(kind: ScanCall['kind'], why: unknown): void {
    const error = why instanceof Error ? why : new Error(String(why));
    for (const task of this.#waiting.splice(0)) {
      if (task.call.kind === kind) task.reject(error);
      else this.#waiting.push(task);
    }
  }

  #settle(worker: Worker, answer: ScanAnswer): void {
    const task = this.#running.get(worker)?.shift();
    this.#dispatch();
    if ('failed' in answer) task?.reject(errorOf(answer));
    else task?.resolve(answer);
  }

  /**
   * What the parts bring, in their order; until a part is there, this thread works as well. A part that fails before
   * its turn is heard when its turn comes.
   */
  #inOrder<T>(parts: Promise<Answered<readonly T[]>>[]): AsyncIterable<T> {
    for (const part of parts) part.catch(() => undefined);
    const helpUntil = (part: Promise<unknown>) => this.#helpUntil(part);
    const spares = this.#spares;
    return (async function* () {
      // Each is let go once it was taken in: a list of them all would hold every answer of the phase.
      for (let part = parts.shift(); part !== undefined; part = parts.shift()) {
        await helpUntil(part);
        const { value, buffer } = await part;
        yield* value;
        if (buffer !== null && isSpare(buffer)) spares.push(buffer);
      }
    })();
  }

  async #helpUntil(part: Promise<unknown>): Promise<void> {
    if (this.#background) return;
    let isThere = false;
    const note = (): void => {
      isThere = true;
    };
    part.then(note, note);
    for (;;) {
      // Lets the workers' answers in.
      await nextTurn();
      const task = isThere ? undefined : this.#waiting.shift();
      if (!task) return;
      try {
        task.resolve({ value: await answerCall(this.#storage, task.call), buffer: null });
      } catch (error) {
        task.reject(error instanceof Error ? error : new Error(String(error)));
      }
    }
  }

  /** A thread that ends unasked has lost part of what is alive: every call fails, and so does the run. */
  #fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    for (const task of [...[...this.#running.values()].flat(), ...this.#waiting.splice(0)])
      task.reject(error);
  }
}

const compare = (a = '', b = ''): number => (a < b ? -1 : a > b ? 1 : 0);

const chunks = <T>(items: readonly T[], size: number): (readonly T[])[] => {
  const parts: (readonly T[])[] = [];
  for (let i = 0; i < items.length; i += size) parts.push(items.slice(i, i + size));
  return parts;
};
