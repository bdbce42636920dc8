import { Worker } from 'node:worker_threads';
import type { Digest } from '../../oci/digest.js';
import type { PackedDigests } from './digest-key.js';
import type { CollectionFault, Found } from './fault.js';
import type { ManifestReading } from './read-manifests.js';
import type { ScanAnswer, ScanCall } from './scan-call.js';
import type { BlobShard } from './scan-blobs.js';
import type { LayerScan } from './scan-layers.js';
import type { RepositoryScan } from './scan-repository.js';
import type { FileTimes, Scanner } from './scanner.js';

/** How much of each a worker is given at a time: small enough to keep all busy to the end. */
const SHARDS = 16;
const REPOSITORIES = 16;
const MANIFESTS = 250;
const PATHS = 2000;

/** A young generation of V8's own choice would let each thread grow by 48 MB before it tidies up. */
const RESOURCE_LIMITS = { maxYoungGenerationSizeMb: 6 };

interface Task {
  readonly call: ScanCall;
  readonly resolve: (answer: ScanAnswer) => void;
  readonly reject: (error: Error) => void;
}

/** Reads a file system with several threads, whose calls may block. */
export class WorkerScanner implements Scanner {
  readonly #workers: Worker[] = [];
  readonly #idle: Worker[] = [];
  readonly #waiting: Task[] = [];
  readonly #running = new Map<Worker, Task>();
  #failure: Error | null = null;

  constructor(root: string, threads: number) {
    const extension = import.meta.url.endsWith('.ts') ? 'ts' : 'js';
    const entry = new URL(`./scan-worker.${extension}`, import.meta.url);
    for (let i = 0; i < threads; i++) {
      const worker = new Worker(entry, { workerData: { root }, resourceLimits: RESOURCE_LIMITS });
      worker.on('message', (answer: ScanAnswer) => this.#settle(worker, answer));
      worker.on('error', (error) => this.#fail(error instanceof Error ? error : new Error(String(error))));
      worker.on('exit', () => this.#fail(new Error('a scanning thread ended')));
      this.#workers.push(worker);
      this.#idle.push(worker);
    }
  }

  async blobs(shards: readonly BlobShard[]): Promise<readonly Found<PackedDigests>[]> {
    const answers = await this.#callEach(chunks(shards, SHARDS), (part) => ({ kind: 'blobs', shards: part }));
    return answers.flatMap((answer) => (answer.kind === 'blobs' ? answer.value : []));
  }

  async repositories(names: readonly string[], withTimes: boolean): Promise<readonly RepositoryScan[]> {
    const answers = await this.#callEach(chunks(names, REPOSITORIES), (part) => ({
      kind: 'repositories',
      names: part,
      withTimes,
    }));
    return answers.flatMap((answer) => (answer.kind === 'repositories' ? answer.value : []));
  }

  async manifests(digests: readonly Digest[]): Promise<readonly ManifestReading[]> {
    const answers = await this.#callEach(chunks(digests, MANIFESTS), (part) => ({
      kind: 'manifests',
      digests: part,
    }));
    return answers.flatMap((answer) => (answer.kind === 'manifests' ? answer.value : []));
  }

  async layers(names: readonly string[]): Promise<readonly LayerScan[]> {
    const answers = await this.#callEach(chunks(names, REPOSITORIES), (part) => ({
      kind: 'layers',
      names: part,
    }));
    return answers.flatMap((answer) => (answer.kind === 'layers' ? answer.value : []));
  }

  async times(paths: readonly string[]): Promise<Found<FileTimes>> {
    const answers = await this.#callEach(chunks(paths, PATHS), (part) => ({ kind: 'times', paths: part }));
    const sizesBytes = new Float64Array(paths.length).fill(NaN);
    const modifiedMs = new Float64Array(paths.length).fill(NaN);
    const faults: CollectionFault[] = [];
    for (const [i, answer] of answers.entries()) {
      if (answer.kind !== 'times') continue;
      sizesBytes.set(answer.value.found.sizesBytes, i * PATHS);
      modifiedMs.set(answer.value.found.modifiedMs, i * PATHS);
      faults.push(...answer.value.faults);
    }
    return { found: { sizesBytes, modifiedMs }, faults };
  }

  async close(): Promise<void> {
    this.#failure ??= new Error('the scanner is closed');
    await Promise.all(this.#workers.map((worker) => worker.terminate()));
  }

  #callEach<T>(parts: readonly T[], call: (part: T) => ScanCall): Promise<ScanAnswer[]> {
    return Promise.all(parts.map((part) => this.#call(call(part))));
  }

  #call(call: ScanCall): Promise<ScanAnswer> {
    return new Promise((resolve, reject) => {
      if (this.#failure) return reject(this.#failure);
      this.#waiting.push({ call, resolve, reject });
      this.#dispatch();
    });
  }

  #dispatch(): void {
    for (;;) {
      const worker = this.#idle.pop();
      const task = worker && this.#waiting.shift();
      if (!task) {
        if (worker) this.#idle.push(worker);
        return;
      }
      this.#running.set(worker, task);
      worker.postMessage(task.call);
    }
  }

  #settle(worker: Worker, answer: ScanAnswer): void {
    const task = this.#running.get(worker);
    this.#running.delete(worker);
    this.#idle.push(worker);
    this.#dispatch();
    if (answer.kind === 'failed') task?.reject(new Error(answer.message));
    else task?.resolve(answer);
  }

  /** A thread that ends unasked has lost part of what is alive: every call fails, and so does the run. */
  #fail(error: Error): void {
    if (this.#failure) return;
    this.#failure = error;
    for (const task of [...this.#running.values(), ...this.#waiting.splice(0)]) task.reject(error);
  }
}

const chunks = <T>(items: readonly T[], size: number): (readonly T[])[] => {
  const parts: (readonly T[])[] = [];
  for (let i = 0; i < items.length; i += size) parts.push(items.slice(i, i + size));
  return parts;
};
