import { createHash, randomUUID } from 'node:crypto';
import * as fs from 'node:fs';
import { OWN } from './layout.js';
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
const DOT = 46;
const FIRST_READ_BYTES = 64 * 1024;
const REMEMBERED_FOLDERS = 4096;
/** Of what other threads say: two for each repository and each shard of a large registry. */
const TRUSTED_FOLDERS = 65_536;
/** Files that are being written; renamed to their place once they are whole. */
const WRITING = `${OWN}/writing`;
/** Every read fills it and copies out of it before it returns, so that all storages of a thread share it. */
const buffer = Buffer.allocUnsafe(FIRST_READ_BYTES);

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error);

const remember = (folders: Set<string>, folder: string, most = REMEMBERED_FOLDERS): void => {
  if (folders.size >= most) folders.clear();
  folders.add(folder);
};

const absentOrFault = (path: string, error: unknown): null => {
  if (error instanceof StorageFaultError) throw error;
  const code = codeOf(error);
  if (code === 'ENOENT') return null;
  throw new StorageFaultError(path, code === 'ELOOP' ? 'is a symbolic link' : code, { cause: error });
};

const notAFolder = (path: string): StorageFaultError =>
  new StorageFaultError(path, 'is not a folder (a link is never followed)');

/** The folder a path lies in; '' is the root. */
const parentOf = (path: string): string => {
  const end = path.lastIndexOf('/');
  return end < 0 ? '' : path.slice(0, end);
};

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
 *
 * Links are never followed: the last part of a path is opened with O_NOFOLLOW, and the folder it lies in must be its
 * own real path. Reading may trust a folder that was just listed without any link in it (asking again for each of a
 * hundred thousand files took a fifth of a run); changing anything always asks.
 */
export class FilesystemStorage implements Storage {
  readonly #root: string;
  /** Folders that were listed and held no link. */
  readonly #linkFree = new Set<string>();
  /** The last of them, with a slash at its end; empty where it is none. */
  #listed = '';
  /** Those that another thread listed. */
  readonly #trusted = new Set<string>();
  /** Folders of whose path no part was a link. */
  readonly #real = new Set<string>();

  constructor(root: string) {
    this.#root = fs.realpathSync.native(root);
    if (!fs.statSync(this.#root).isDirectory()) throw new StorageFaultError('', 'is not a directory');
  }

  list(prefix: string): Listing | null {
    const folder = this.#readableFolder(insidePath(prefix));
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
    if (odd.length > 0) this.#distrust(prefix);
    else {
      remember(this.#linkFree, prefix);
      this.#listed = prefix === '' ? '' : `${prefix}/`;
    }
    return { folders, files, odd };
  }

  /** Takes the word of another thread that listed these folders, and found no link in them. */
  trust(folders: readonly string[]): void {
    for (const folder of folders) remember(this.#trusted, folder, TRUSTED_FOLDERS);
  }

  #distrust(folder: string): void {
    this.#linkFree.delete(folder);
    this.#trusted.delete(folder);
    if (this.#listed === `${folder}/`) this.#listed = '';
  }

  read(path: string, maxBytes: number): Uint8Array | null {
    const bytes = this.#read(path, maxBytes);
    return bytes && Uint8Array.prototype.slice.call(bytes);
  }

  readEach(paths: readonly string[], maxBytes: number, take: (reading: Reading, i: number) => void): void {
    for (let i = 0; i < paths.length; i++) take(this.#readOrFault(paths[i] ?? '', maxBytes), i);
  }

  stat(path: string): FileFacts | null {
    const file = this.#readableFile(path);
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
    const source = this.#changeableFile(from, looked);
    if (source === null) return 'absent';
    const folder = parentOf(insidePath(to));
    const target = this.#absolute(to);
    if (this.#makeFolder(folder, looked)) made.set(folder, new Set());
    const moved = made.get(folder);
    return (
      this.#answer(from, () => {
        const facts = fs.lstatSync(source, { throwIfNoEntry: false });
        if (facts === undefined) return 'absent';
        if (!facts.isFile()) throw new StorageFaultError(from, 'is not a plain file');
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
    const source = this.#changeableFile(from, looked);
    if (source === null) return 'absent';
    this.#makeFolder(parentOf(insidePath(to)), looked);
    const target = this.#absolute(to);
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
    const target = this.#absolute(path);
    const whole = this.#absolute(`${WRITING}/${randomUUID()}`);
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
    const file = this.#readableFile(path);
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
      const file = this.#changeableFile(path, looked);
      if (file !== null) this.#answer(path, () => fs.unlinkSync(file));
    }
  }

  removeEmptyFolders(paths: readonly string[]): void {
    const looked = new Set<string>();
    for (const path of paths) {
      const folder = this.#changeableFile(path, looked);
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
    const file = this.#readableFile(path);
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

  /** The folder's absolute path for reading, which trusts what was looked at before. */
  #readableFolder(folder: string): string | null {
    return this.#isReal(folder, this.#real, true) ? this.#absolute(folder) : null;
  }

  #readableFile(path: string): string | null {
    const folders = this.#foldersBelowListed(path);
    if (folders === 1) return this.#absolute(path);
    const folder = parentOf(folders === 2 ? path : insidePath(path));
    const isReal = folders === 2 ? this.#isFolder(folder) : this.#isReal(folder, this.#real, true);
    return isReal ? this.#absolute(path) : null;
  }

  /**
   * How many folders of the path lie in the folder that was listed last, and held no link: of most files of a
   * collection one, of which nothing more need be asked, or two. 0 where it says nothing about the path.
   */
  #foldersBelowListed(path: string): number {
    let at = this.#listed.length;
    if (at === 0 || !path.startsWith(this.#listed) || path.includes('\0', at)) return 0;
    let folders = 0;
    for (let slash = path.indexOf('/', at); slash >= 0; slash = path.indexOf('/', at)) {
      if (slash === at || path.charCodeAt(at) === DOT) return 0;
      folders += 1;
      at = slash + 1;
    }
    return at === path.length || path.charCodeAt(at) === DOT ? 0 : folders;
  }

  /** For a change every folder is looked at, once a call. */
  #changeableFile(path: string, looked: Set<string>): string | null {
    const folder = parentOf(insidePath(path));
    return this.#isReal(folder, looked, false) ? this.#absolute(path) : null;
  }

  #absolute(folder: string): string {
    return folder === '' ? this.#root : `${this.#root}/${folder}`;
  }

  /**
   * Whether the folder is there and no part of its path is a link, which throws. `looked` are those that were found to
   * be so; for reading, the folder may also be one of a folder that was listed and held no link.
   */
  #isReal(folder: string, looked: Set<string>, isForReading: boolean): boolean {
    if (folder === '') return true;
    const parent = parentOf(folder);
    // Asked first, as a parent is often asked for again, and a folder hardly ever.
    if (isForReading && (this.#linkFree.has(parent) || this.#trusted.has(parent))) return true;
    if (looked.has(folder)) return true;
    if (!this.#isReal(parent, looked, isForReading) || !this.#isFolder(folder)) return false;
    remember(looked, folder);
    return true;
  }

  /** Whether a folder is there, of which the parent is real; throws where something else is. */
  #isFolder(folder: string): boolean {
    const facts = this.#lstat(folder);
    if (facts === undefined) return false;
    if (!facts.isDirectory()) throw notAFolder(folder);
    return true;
  }

  #lstat(folder: string): fs.Stats | undefined {
    try {
      return fs.lstatSync(this.#absolute(folder), { throwIfNoEntry: false });
    } catch (error) {
      absentOrFault(folder, error);
      return undefined;
    }
  }

  /** Makes the folder and those that it lies in; false where it was there. */
  #makeFolder(folder: string, looked: Set<string>): boolean {
    if (this.#isReal(folder, looked, false)) return false;
    this.#makeFolder(parentOf(folder), looked);
    const made = this.#answer(folder, () => fs.mkdirSync(this.#absolute(folder), { recursive: true }));
    return typeof made === 'string';
  }
}
