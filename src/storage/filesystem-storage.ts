import { createHash, randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import { absentOrFault, codeOf, notAFolder } from './file-faults.js';
import { OWN } from './layout.js';
import { parentOf, RealFolders } from './real-folders.js';
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
} from './storage.js';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
const FIRST_READ_BYTES = 64 * 1024;
/** Files that are being written; renamed to their place once they are whole. */
const WRITING = `${OWN}/writing`;
/** Every read fills it and copies out of it before it returns, so that all storages of a thread share it. */
const buffer = Buffer.allocUnsafe(FIRST_READ_BYTES);

/** A view of the buffer's first `length` bytes; links are all of one length, and so need no new one each. */
const view = (length: number): Buffer => {
  if (lastView.length !== length) lastView = buffer.subarray(0, length);
  return lastView;
};
let lastView = buffer;

/** Reads on from a full buffer, or refuses. */
const readOn = (path: string, handle: number, first: number, maxBytes: number): Uint8Array => {
  const parts = [Buffer.from(buffer.subarray(0, first))];
  let length = first;
  while (length <= maxBytes && length >= FIRST_READ_BYTES) {
    const more = fs.readSync(handle, buffer, 0, FIRST_READ_BYTES, null);
    if (more === 0) break;
    parts.push(Buffer.from(buffer.subarray(0, more)));
    length += more;
  }
  if (length > maxBytes) throw tooLarge(path, maxBytes);
  return Buffer.concat(parts);
};

const faultIn = (error: unknown): StorageFaultError => {
  if (error instanceof StorageFaultError) return error;
  throw error;
};

/**
 * Files below one directory. Calls are synchronous, which is what makes a collection fast; whoever must not block
 * (the API) runs it in a worker thread.
 * Links are never followed: the last part of a path is opened with O_NOFOLLOW, for the folders see RealFolders.
 */
export class FilesystemStorage implements Storage {
  readonly #folders: RealFolders;

  constructor(root: string) {
    const real = fs.realpathSync.native(root);
    if (!fs.statSync(real).isDirectory()) throw new StorageFaultError('', 'is not a directory');
    this.#folders = new RealFolders(real);
  }

  list(prefix: string): Listing | null {
    const folder = this.#folders.readableFolder(insidePath(prefix));
    if (folder === null) return null;
    const entries = this.#answer(prefix, () => fs.readdirSync(folder, { withFileTypes: true }));
    if (entries === null) return null;
    const folders: string[] = [];
    const files: string[] = [];
    const odd: string[] = [];
    for (const entry of entries) {
      if (entry.isDirectory()) folders.push(entry.name);
      else (entry.isFile() ? files : odd).push(entry.name);
    }
    this.#folders.listed(prefix, odd.length > 0);
    return { folders, files, odd };
  }

  /** Takes the word of another thread that listed these folders, and found no link in them. */
  trust(folders: readonly string[]): void {
    this.#folders.trust(folders);
  }

  read(path: string, maxBytes: number): Uint8Array | null {
    const bytes = this.#read(path, maxBytes);
    return bytes && Uint8Array.prototype.slice.call(bytes);
  }

  readEach(paths: readonly string[], maxBytes: number, take: (reading: Reading, i: number) => void): void {
    for (let i = 0; i < paths.length; i++) take(this.#readOrFault(paths[i] ?? '', maxBytes), i);
  }

  stat(path: string): FileFacts | null {
    const file = this.#folders.readableFile(path);
    if (file === null) return null;
    try {
      const facts = fs.lstatSync(file, { throwIfNoEntry: false });
      if (facts === undefined) return null;
      if (!facts.isFile()) throw new StorageFaultError(path, 'is not a plain file');
      return { sizeBytes: facts.size, modifiedMs: facts.mtimeMs };
    } catch (error) {
      return absentOrFault(path, error);
    }
  }

  statEach(paths: readonly string[], take: (facts: Facts, i: number) => void): void {
    for (let i = 0; i < paths.length; i++) take(this.#statOrFault(paths[i] ?? ''), i);
  }

  moveMany(moves: readonly Move[]): MoveOutcome[] {
    const looked = new Set<string>();
    const made = new Map<string, Set<string>>();
    return moves.map(({ from, to }) => this.#move(from, to, looked, made));
  }

  /**
   * Looks before it renames; nobody but a registry that writes the very same bytes can come in between. `made` are the
   * folders that this call made, with what it moved there: nothing else is in them.
   */
  #move(from: string, to: string, looked: Set<string>, made: Map<string, Set<string>>): MoveOutcome {
    const source = this.#folders.changeableFile(from, looked);
    if (source === null) return 'absent';
    // Before a folder is made for it: an empty one would look like a blob that lost its data.
    const facts = this.#answer(from, () => fs.lstatSync(source, { throwIfNoEntry: false }));
    if (!facts) return 'absent';
    if (!facts.isFile()) throw new StorageFaultError(from, 'is not a plain file');
    const folder = parentOf(insidePath(to));
    const target = this.#folders.absolute(to);
    if (this.#makeFolder(folder, looked)) made.set(folder, new Set());
    const moved = made.get(folder);
    return (
      this.#answer(from, () => {
        const isTaken = moved ? moved.has(to) : fs.lstatSync(target, { throwIfNoEntry: false }) !== undefined;
        if (isTaken) return 'exists';
        fs.renameSync(source, target);
        moved?.add(to);
        return 'moved';
      }) ?? 'absent'
    );
  }

  moveFolder({ from, to }: Move): MoveOutcome {
    const looked = new Set<string>();
    const source = this.#folders.changeableFile(from, looked);
    if (source === null) return 'absent';
    this.#makeFolder(parentOf(insidePath(to)), looked);
    const target = this.#folders.absolute(to);
    return (
      this.#answer(from, () => {
        const facts = fs.lstatSync(source, { throwIfNoEntry: false });
        if (facts === undefined) return 'absent';
        if (!facts.isDirectory()) throw notAFolder(from);
        if (fs.lstatSync(target, { throwIfNoEntry: false }) !== undefined) return 'exists';
        fs.renameSync(source, target);
        return 'moved';
      }) ?? 'absent'
    );
  }

  write(path: string, bytes: Uint8Array): void {
    const looked = new Set<string>();
    this.#makeFolder(parentOf(insidePath(path)), looked);
    this.#makeFolder(WRITING, looked);
    const target = this.#folders.absolute(path);
    const whole = this.#folders.absolute(`${WRITING}/${randomUUID()}`);
    const written = this.#answer(path, () => {
      const facts = fs.lstatSync(target, { throwIfNoEntry: false });
      if (facts !== undefined && !facts.isFile()) throw new StorageFaultError(path, 'is not a plain file');
      fs.writeFileSync(whole, bytes, { flag: 'wx', flush: true });
      fs.renameSync(whole, target);
      return true;
    });
    // Somebody removed a folder in between, as the registry never does.
    if (written === null) throw new StorageFaultError(path, 'ENOENT');
  }

  async hash(path: string, algorithm: 'sha256' | 'sha512'): Promise<string | null> {
    const file = this.#folders.readableFile(path);
    if (file === null) return null;
    try {
      const handle = await fs.promises.open(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      const hash = createHash(algorithm);
      for await (const chunk of handle.createReadStream()) hash.update(chunk as Uint8Array);
      return hash.digest('hex');
    } catch (error) {
      return absentOrFault(path, error);
    }
  }

  deleteMany(paths: readonly string[]): void {
    const looked = new Set<string>();
    for (const path of paths) {
      const file = this.#folders.changeableFile(path, looked);
      if (file !== null) this.#answer(path, () => fs.unlinkSync(file));
    }
  }

  removeEmptyFolders(paths: readonly string[]): void {
    const looked = new Set<string>();
    for (const path of paths) {
      const folder = this.#folders.changeableFile(path, looked);
      if (folder === null) continue;
      try {
        fs.rmdirSync(folder);
      } catch (error) {
        const isHarmless = ['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR'].includes(codeOf(error));
        if (!isHarmless) throw new StorageFaultError(path, codeOf(error), { cause: error });
      }
      looked.delete(path);
    }
  }

  createFolder(path: string): void {
    this.#makeFolder(insidePath(path), new Set());
  }

  /** Runs `call`; nothing there is null, whatever else goes wrong is a fault that names the path. */
  #answer<T>(path: string, call: () => T): T | null {
    try {
      return call();
    } catch (error) {
      return absentOrFault(path, error);
    }
  }

  #readOrFault(path: string, maxBytes: number): Reading {
    try {
      return this.#read(path, maxBytes);
    } catch (error) {
      return faultIn(error);
    }
  }

  #statOrFault(path: string): Facts {
    try {
      return this.stat(path);
    } catch (error) {
      return faultIn(error);
    }
  }

  /** The bytes, which are those of the shared buffer where it holds them all: gone with the next read. */
  #read(path: string, maxBytes: number): Uint8Array | null {
    const file = this.#folders.readableFile(path);
    if (file === null) return null;
    try {
      const handle = fs.openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      try {
        const first = fs.readSync(handle, buffer, 0, FIRST_READ_BYTES, null);
        if (first < FIRST_READ_BYTES && first <= maxBytes) return view(first);
        return readOn(path, handle, first, maxBytes);
      } finally {
        fs.closeSync(handle);
      }
    } catch (error) {
      return absentOrFault(path, error);
    }
  }

  /** Makes the folder and those that it lies in; false where it was there. */
  #makeFolder(folder: string, looked: Set<string>): boolean {
    if (this.#folders.isReal(folder, looked, false)) return false;
    this.#makeFolder(parentOf(folder), looked);
    const made = this.#answer(folder, () =>
      fs.mkdirSync(this.#folders.absolute(folder), { recursive: true }),
    );
    return typeof made === 'string';
  }
}
