import { setImmediate as nextTurn, setTimeout as sleep } from 'node:timers/promises';
import type { Facts, FileFacts, Listing, Move, MoveOutcome, Reading, Storage } from './storage.js';

/** What may be done at once before a wait: a timer is no finer than this, in milliseconds. */
const BURST_MS = 10;
/** Operations at once where nothing limits them: a millisecond's worth. */
const UNLIMITED_PART = 20;

export interface PaceClock {
  readonly nowMs: () => number;
  readonly sleep: (ms: number) => Promise<unknown>;
}

const CLOCK: PaceClock = { nowMs: () => performance.now(), sleep };

/**
 * Another storage, a few operations at a time, so that whatever else waits in this thread gets its turn in between; and
 * at no more than `operationsPerSecond`, unless that is null: each file or folder that is looked at, read, moved or deleted
 * is one. For a registry on the same disk, whose pulls must not wait behind a collection.
 */
export class PacedStorage implements Storage {
  /** When all that was let through so far is paid for. */
  #paidMs = -Infinity;
  readonly #part: number;

  constructor(
    private readonly inner: Storage,
    private readonly operationsPerSecond: number | null,
    private readonly clock: PaceClock = CLOCK,
  ) {
    this.#part =
      operationsPerSecond === null
        ? UNLIMITED_PART
        : Math.max(1, Math.floor((operationsPerSecond * BURST_MS) / 1000));
  }

  async list(prefix: string): Promise<Listing | null> {
    await this.#pay(1);
    return this.inner.list(prefix);
  }

  async read(path: string, maxBytes: number): Promise<Uint8Array | null> {
    await this.#pay(1);
    return this.inner.read(path, maxBytes);
  }

  async readEach(
    paths: readonly string[],
    maxBytes: number,
    take: (reading: Reading, i: number) => void,
  ): Promise<void> {
    await this.#inParts(paths, async (part, begin) => {
      await this.inner.readEach(part, maxBytes, (reading, i) => take(reading, begin + i));
      return [];
    });
  }

  async stat(path: string): Promise<FileFacts | null> {
    await this.#pay(1);
    return this.inner.stat(path);
  }

  async statEach(paths: readonly string[], take: (facts: Facts, i: number) => void): Promise<void> {
    await this.#inParts(paths, async (part, begin) => {
      await this.inner.statEach(part, (facts, i) => take(facts, begin + i));
      return [];
    });
  }

  moveMany(moves: readonly Move[]): Promise<readonly MoveOutcome[]> {
    return this.#inParts(moves, (part) => this.inner.moveMany(part));
  }

  async deleteMany(paths: readonly string[]): Promise<void> {
    await this.#inParts(paths, async (part) => {
      await this.inner.deleteMany(part);
      return [];
    });
  }

  async removeEmptyFolders(paths: readonly string[]): Promise<void> {
    await this.#inParts(paths, async (part) => {
      await this.inner.removeEmptyFolders(part);
      return [];
    });
  }

  async createFolder(path: string): Promise<void> {
    await this.#pay(1);
    return this.inner.createFolder(path);
  }

  async moveFolder(move: Move): Promise<MoveOutcome> {
    await this.#pay(1);
    return this.inner.moveFolder(move);
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    await this.#pay(1);
    return this.inner.write(path, bytes);
  }

  async hash(path: string, algorithm: 'sha256' | 'sha512'): Promise<string | null> {
    await this.#pay(1);
    return this.inner.hash(path, algorithm);
  }

  async #inParts<T, R>(
    items: readonly T[],
    call: (part: readonly T[], begin: number) => readonly R[] | Promise<readonly R[]>,
  ): Promise<R[]> {
    const answers: R[] = [];
    for (let i = 0; i < items.length; i += this.#part) {
      const part = items.slice(i, i + this.#part);
      await this.#pay(part.length);
      answers.push(...(await call(part, i)));
    }
    return answers;
  }

  /** Waits until `operations` more are within the pace. */
  async #pay(operations: number): Promise<void> {
    if (this.operationsPerSecond === null) return nextTurn();
    const nowMs = this.clock.nowMs();
    this.#paidMs = Math.max(this.#paidMs, nowMs - BURST_MS) + (operations * 1000) / this.operationsPerSecond;
    const aheadMs = this.#paidMs - nowMs;
    if (aheadMs > 0) await this.clock.sleep(aheadMs);
  }
}
