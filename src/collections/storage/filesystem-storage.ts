import * as fs from 'node:fs';
import { posix } from 'node:path';
import {
  insidePath,
  StorageFaultError,
  tooLarge,
  type FileFacts,
  type Listing,
  type Reading,
  type Storage,
} from './storage.js';

const { O_RDONLY, O_NOFOLLOW, O_NONBLOCK } = fs.constants;
const FIRST_READ_BYTES = 64 * 1024;
const REMEMBERED_FOLDERS = 4096;

const codeOf = (error: unknown): string =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : String(error);

const remember = (folders: Set<string>, folder: string): void => {
  if (folders.size >= REMEMBERED_FOLDERS) folders.clear();
  folders.add(folder);
};

/** The folder a path lies in; '' is the root. */
const parentOf = (path: string): string => {
  const end = path.lastIndexOf('/');
  return end < 0 ? '' : path.slice(0, end);
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
  /** Folders of whose path no part was a link. */
  readonly #real = new Set<string>();
  readonly #buffer = Buffer.allocUnsafe(FIRST_READ_BYTES);

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
    if (odd.length === 0) remember(this.#linkFree, prefix);
    else this.#linkFree.delete(prefix);
    return { folders, files, odd };
  }

  read(path: string, maxBytes: number): Uint8Array | null {
    const file = this.#readableFile(path);
    if (file === null) return null;
    return this.#answer(path, () => {
      const handle = fs.openSync(file, O_RDONLY | O_NOFOLLOW | O_NONBLOCK);
      try {
        return this.#readAll(path, handle, maxBytes);
      } finally {
        fs.closeSync(handle);
      }
    });
  }

  readMany(paths: readonly string[], maxBytes: number): Reading[] {
    return paths.map((path) => {
      try {
        return this.read(path, maxBytes);
      } catch (error) {
        if (error instanceof StorageFaultError) return error;
        throw error;
      }
    });
  }

  stat(path: string): FileFacts | null {
    const file = this.#readableFile(path);
    if (file === null) return null;
    return this.#answer(path, () => {
      const facts = fs.lstatSync(file, { throwIfNoEntry: false });
      if (facts === undefined) return null;
      if (!facts.isFile()) throw new StorageFaultError(path, 'is not a plain file');
      return { sizeBytes: facts.size, modifiedMs: facts.mtimeMs };
    });
  }

  /** Looks before it renames; nobody but a registry that writes the very same bytes can come in between. */
  move(from: string, to: string): 'moved' | 'absent' | 'exists' {
    const source = this.#changeableFile(from);
    if (source === null) return 'absent';
    const target = `${this.#makeFolder(parentOf(insidePath(to)))}/${posix.basename(to)}`;
    return (
      this.#answer(from, () => {
        const facts = fs.lstatSync(source, { throwIfNoEntry: false });
        if (facts === undefined) return 'absent';
        if (!facts.isFile()) throw new StorageFaultError(from, 'is not a plain file');
        if (fs.lstatSync(target, { throwIfNoEntry: false }) !== undefined) return 'exists';
        fs.renameSync(source, target);
        return 'moved';
      }) ?? 'absent'
    );
  }

  deleteMany(paths: readonly string[]): void {
    for (const path of paths) {
      const file = this.#changeableFile(path);
      if (file !== null) this.#answer(path, () => fs.unlinkSync(file));
    }
  }

  removeEmptyFolder(path: string): boolean {
    const folder = this.#changeableFile(path);
    if (folder === null) return false;
    try {
      fs.rmdirSync(folder);
      return true;
    } catch (error) {
      if (['ENOTEMPTY', 'EEXIST', 'ENOENT', 'ENOTDIR'].includes(codeOf(error))) return false;
      throw new StorageFaultError(path, codeOf(error), { cause: error });
    }
  }

  createFolder(path: string): void {
    this.#makeFolder(insidePath(path));
  }

  /** Runs `call`; nothing there is null, whatever else goes wrong is a fault that names the path. */
  #answer<T>(path: string, call: () => T): T | null {
    try {
      return call();
    } catch (error) {
      if (error instanceof StorageFaultError) throw error;
      const code = codeOf(error);
      if (code === 'ENOENT') return null;
      throw new StorageFaultError(path, code === 'ELOOP' ? 'is a symbolic link' : code, { cause: error });
    }
  }

  #readAll(path: string, handle: number, maxBytes: number): Uint8Array {
    const first = fs.readSync(handle, this.#buffer, 0, FIRST_READ_BYTES, null);
    if (first < FIRST_READ_BYTES && first <= maxBytes)
      return Uint8Array.prototype.slice.call(this.#buffer, 0, first);
    const parts = [Buffer.from(this.#buffer.subarray(0, first))];
    let length = first;
    while (length <= maxBytes && length >= FIRST_READ_BYTES) {
      const more = fs.readSync(handle, this.#buffer, 0, FIRST_READ_BYTES, null);
      if (more === 0) break;
      parts.push(Buffer.from(this.#buffer.subarray(0, more)));
      length += more;
    }
    if (length > maxBytes) throw tooLarge(path, maxBytes);
    return Buffer.concat(parts);
  }

  /** As realFolder, but trusts what was looked at before. */
  #readableFolder(folder: string): string | null {
    if (!this.#isReal(folder, true)) return null;
    return folder === '' ? this.#root : `${this.#root}/${folder}`;
  }

  /** Whether the folder is there, or was when the one it lies in was listed; throws where a part of it is a link. */
  #isReal(folder: string, isLast = false): boolean {
    if (folder === '') return true;
    const parent = parentOf(folder);
    if (this.#linkFree.has(parent) || this.#real.has(folder)) return true;
    if (!this.#isReal(parent)) return false;
    const facts = this.#answer(folder, () =>
      fs.lstatSync(`${this.#root}/${folder}`, { throwIfNoEntry: false }),
    );
    if (facts === null || facts === undefined) return false;
    if (!facts.isDirectory())
      throw new StorageFaultError(folder, 'is not a folder (a link is never followed)');
    // The folder of a single file is hardly asked for twice.
    if (!isLast) remember(this.#real, folder);
    return true;
  }

  #readableFile(path: string): string | null {
    const folder = this.#readableFolder(parentOf(insidePath(path)));
    return folder === null ? null : `${folder}/${posix.basename(path)}`;
  }

  #changeableFile(path: string): string | null {
    const folder = this.#realFolder(parentOf(insidePath(path)));
    return folder === null ? null : `${folder}/${posix.basename(path)}`;
  }

  /** The folder's absolute path, once no part of it proved to be a link; null where there is none. */
  #realFolder(folder: string): string | null {
    const absolute = folder === '' ? this.#root : `${this.#root}/${folder}`;
    const real = this.#answer(folder, () => fs.realpathSync.native(absolute));
    if (real !== null && real !== absolute) {
      throw new StorageFaultError(folder, 'is reached through a symbolic link, which is not followed');
    }
    return real;
  }

  #makeFolder(folder: string): string {
    const real = this.#realFolder(folder);
    if (real !== null) return real;
    const made = `${this.#makeFolder(parentOf(folder))}/${posix.basename(folder)}`;
    this.#answer(folder, () => fs.mkdirSync(made, { recursive: true }));
    return made;
  }
}
