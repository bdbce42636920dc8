import * as fs from 'node:fs';
import { absentOrFault, notAFolder } from './file-faults.js';
import { insidePath } from './storage.js';

const DOT = 46;
const REMEMBERED_FOLDERS = 4096;
/** Of what other threads say: two for each repository and each shard of a large registry. */
const TRUSTED_FOLDERS = 65_536;

const remember = (folders: Set<string>, folder: string, most = REMEMBERED_FOLDERS): void => {
  if (folders.size >= most) folders.clear();
  folders.add(folder);
};

/** The folder a path lies in; '' is the root. */
export const parentOf = (path: string): string => {
  const end = path.lastIndexOf('/');
  return end < 0 ? '' : path.slice(0, end);
};

/**
 * Which folders below a root may be gone through. Links are never followed: the folder that a file lies in must be its
 * own real path. Reading may trust a folder that was just listed without any link in it (asking again for each of a
 * hundred thousand files took a fifth of a run); changing anything always asks.
 */
export class RealFolders {
  /** Folders that were listed and held no link. */
  readonly #linkFree = new Set<string>();
  /** The last of them, with a slash at its end; empty where it is none. */
  #listed = '';
  /** Those that another thread listed. */
  readonly #trusted = new Set<string>();
  /** Folders of whose path no part was a link. */
  readonly #real = new Set<string>();

  constructor(private readonly root: string) {}

  /** Notes what a listing of `folder` showed. */
  listed(folder: string, holdsLinks: boolean): void {
    if (holdsLinks) return this.#distrust(folder);
    remember(this.#linkFree, folder);
    this.#listed = folder === '' ? '' : `${folder}/`;
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

  /** The folder's absolute path for reading, which trusts what was looked at before. */
  readableFolder(folder: string): string | null {
    return this.isReal(folder, this.#real, true) ? this.absolute(folder) : null;
  }

  readableFile(path: string): string | null {
    const folders = this.#foldersBelowListed(path);
    if (folders === 1) return this.absolute(path);
    const folder = parentOf(folders === 2 ? path : insidePath(path));
    const isReal = folders === 2 ? this.#isFolder(folder) : this.isReal(folder, this.#real, true);
    return isReal ? this.absolute(path) : null;
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
  changeableFile(path: string, looked: Set<string>): string | null {
    const folder = parentOf(insidePath(path));
    return this.isReal(folder, looked, false) ? this.absolute(path) : null;
  }

  absolute(path: string): string {
    return path === '' ? this.root : `${this.root}/${path}`;
  }

  /**
   * Whether the folder is there and no part of its path is a link, which throws. `looked` are those that were found to
   * be so; for reading, the folder may also be one of a folder that was listed and held no link.
   */
  isReal(folder: string, looked: Set<string>, isForReading: boolean): boolean {
    if (folder === '') return true;
    const parent = parentOf(folder);
    // Asked first, as a parent is often asked for again, and a folder hardly ever.
    if (isForReading && (this.#linkFree.has(parent) || this.#trusted.has(parent))) return true;
    if (looked.has(folder)) return true;
    if (!this.isReal(parent, looked, isForReading) || !this.#isFolder(folder)) return false;
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
      return fs.lstatSync(this.absolute(folder), { throwIfNoEntry: false });
    } catch (error) {
      absentOrFault(folder, error);
      return undefined;
    }
  }
}
