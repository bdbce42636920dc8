import { createHash } from 'node:crypto';
import {
  insidePath,
  StorageFaultError,
  tooLarge,
  type Facts,
  type FileFacts,
  type Listing,
  type Move,
  type MoveOutcome,
  type Reading,
  type Storage,
} from '../../src/storage/storage.js';

interface StoredFile {
  readonly bytes: Uint8Array;
  readonly modifiedMs: number;
}

const orFault = <T>(answer: Promise<T>): Promise<T | StorageFaultError> =>
  answer.catch((error: unknown) => {
    if (error instanceof StorageFaultError) return error;
    throw error;
  });

/** Hands out bytes for the time of `take` alone, so that whoever keeps them is found out. */
const lend = (reading: Reading, take: (lent: Reading) => void): void => {
  if (!(reading instanceof Uint8Array)) return take(reading);
  const lent = Uint8Array.from(reading);
  take(lent);
  lent.fill(0);
};

/** A storage as an object store has it: keys without folders, every answer a promise. */
export class MemoryStorage implements Storage {
  readonly files = new Map<string, StoredFile>();
  /** Paths that cannot be looked at. */
  readonly unreadable = new Set<string>();
  /** Told of every change before it is made; may throw, as a kill would. */
  beforeChange: (change: string) => void = () => undefined;

  put(path: string, content: string | Uint8Array, modifiedMs = 0): void {
    this.files.set(insidePath(path), { bytes: Buffer.from(content), modifiedMs });
  }

  async list(prefix: string): Promise<Listing | null> {
    this.#check(prefix);
    const start = prefix === '' ? '' : `${insidePath(prefix)}/`;
    const folders = new Set<string>();
    const files: string[] = [];
    for (const key of this.files.keys()) {
      if (!key.startsWith(start)) continue;
      const [name = '', ...below] = key.slice(start.length).split('/');
      if (below.length > 0) folders.add(name);
      else files.push(name);
    }
    if (folders.size + files.length === 0 && prefix !== '') return null;
    return { folders: [...folders], files, odd: [] };
  }

  async read(path: string, maxBytes: number): Promise<Uint8Array | null> {
    this.#check(path);
    const file = this.files.get(insidePath(path));
    if (file && file.bytes.length > maxBytes) throw tooLarge(path, maxBytes);
    return file?.bytes ?? null;
  }

  async readEach(
    paths: readonly string[],
    maxBytes: number,
    take: (reading: Reading, i: number) => void,
  ): Promise<void> {
    const readings = await Promise.all(paths.map((path) => orFault(this.read(path, maxBytes))));
    for (const [i, reading] of readings.entries()) lend(reading, (lent) => take(lent, i));
  }

  async statEach(paths: readonly string[], take: (facts: Facts, i: number) => void): Promise<void> {
    const all = await Promise.all(paths.map((path) => orFault(this.stat(path))));
    for (const [i, facts] of all.entries()) take(facts, i);
  }

  async stat(path: string): Promise<FileFacts | null> {
    this.#check(path);
    const file = this.files.get(insidePath(path));
    return file ? { sizeBytes: file.bytes.length, modifiedMs: file.modifiedMs } : null;
  }

  /** Each a copy, then a delete. */
  async moveMany(moves: readonly Move[]): Promise<MoveOutcome[]> {
    return moves.map(({ from, to }) => {
      const file = this.files.get(insidePath(from));
      if (!file) return 'absent';
      if (this.files.has(insidePath(to))) return 'exists';
      this.beforeChange(`copy ${from}`);
      this.files.set(to, file);
      this.beforeChange(`delete ${from}`);
      this.files.delete(from);
      return 'moved';
    });
  }

  async moveFolder({ from, to }: Move): Promise<MoveOutcome> {
    const start = `${insidePath(from)}/`;
    const end = `${insidePath(to)}/`;
    const keys = [...this.files.keys()];
    const moving = keys.filter((key) => key.startsWith(start));
    if (moving.length === 0) return 'absent';
    if (keys.some((key) => key === to || key.startsWith(end))) return 'exists';
    await this.moveMany(moving.map((key) => ({ from: key, to: end + key.slice(start.length) })));
    return 'moved';
  }

  async write(path: string, bytes: Uint8Array): Promise<void> {
    this.beforeChange(`write ${insidePath(path)}`);
    this.put(path, bytes);
  }

  async hash(path: string, algorithm: 'sha256' | 'sha512'): Promise<string | null> {
    const bytes = await this.read(path, Infinity);
    return bytes && createHash(algorithm).update(bytes).digest('hex');
  }

  async deleteMany(paths: readonly string[]): Promise<void> {
    for (const path of paths) {
      this.beforeChange(`delete ${path}`);
      this.files.delete(insidePath(path));
    }
  }

  async removeEmptyFolders(paths: readonly string[]): Promise<void> {
    for (const path of paths) insidePath(path);
  }

  async createFolder(path: string): Promise<void> {
    insidePath(path);
  }

  #check(path: string): void {
    if (this.unreadable.has(path)) throw new StorageFaultError(path, 'EACCES');
  }
}
