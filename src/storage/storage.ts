/** A value, or a promise of it: a file system answers at once inside a worker, an object store cannot. */
export type Awaitable<T> = T | Promise<T>;

/** What lies directly below a prefix, names only. */
export interface Listing {
  readonly folders: readonly string[];
  readonly files: readonly string[];
  /** Names of what is neither: symbolic links, sockets, devices. Named so that they can be reported, never followed. */
  readonly odd: readonly string[];
}

/** What reading one of many files gave. */
export type Reading = Uint8Array | StorageFaultError | null;

/** What looking at one of many files gave. */
export type Facts = FileFacts | StorageFaultError | null;

export interface FileFacts {
  readonly sizeBytes: number;
  readonly modifiedMs: number;
}

export interface Move {
  readonly from: string;
  readonly to: string;
}

export type MoveOutcome = 'moved' | 'absent' | 'exists';

/**
 * Where a registry keeps its files. Paths are relative, `/` between their parts. Promises that every storage keeps:
 * - `null`, `absent` and `false` mean that nothing is there, beyond doubt. What cannot be looked at throws
 *   `StorageFaultError`, with its path: an unreadable place is never an empty one.
 * - Nothing outside the root is ever read or changed: a path that leaves it throws, and links are not followed.
 * - A folder need not exist: an object store has only keys, and a prefix without keys is `null`.
 * - Repeating a change that was made is harmless.
 */
export interface Storage {
  /** The names directly below `prefix` (without a slash at its end; '' is the root), in no promised order. */
  list(prefix: string): Awaitable<Listing | null>;

  /** The whole file. Throws where it holds more than `maxBytes`, so that no stray file fills the memory. */
  read(path: string, maxBytes: number): Awaitable<Uint8Array | null>;

  /**
   * Many files, each handed to `take` with its number in `paths`, in their order; a fault stands in the place of its
   * file. The bytes are the storage's again once `take` returns: whoever keeps them copies them. An object store asks
   * side by side.
   */
  readEach(
    paths: readonly string[],
    maxBytes: number,
    take: (reading: Reading, i: number) => void,
  ): Awaitable<void>;

  stat(path: string): Awaitable<FileFacts | null>;

  /** Looks at many files, as `readEach` reads them. */
  statEach(paths: readonly string[], take: (facts: Facts, i: number) => void): Awaitable<void>;

  /**
   * Moves files, one after the other in the order given, and keeps their time of change where the storage can. Never
   * overwrites: `exists` leaves both. May be a copy followed by a delete, so a crash can leave both ends; then `from`
   * still counts.
   */
  moveMany(moves: readonly Move[]): Awaitable<readonly MoveOutcome[]>;

  /**
   * Moves a folder with all that it holds, by which it is gone at once where the storage has folders. Never overwrites.
   * An object store moves one file after the other, so a crash can leave some at either end.
   */
  moveFolder(move: Move): Awaitable<MoveOutcome>;

  /** Writes a small file, over one that is there, so that whoever reads finds the old bytes or the new ones, whole. */
  write(path: string, bytes: Uint8Array): Awaitable<void>;

  /** The hash, in hex, of a file of any size, read piece by piece. Null where there is none. */
  hash(path: string, algorithm: 'sha256' | 'sha512'): Promise<string | null>;

  /** Deletes files; those that are gone already are no fault. */
  deleteMany(paths: readonly string[]): Awaitable<void>;

  /** Removes those of the folders that hold nothing. Without folders there is nothing to do. */
  removeEmptyFolders(paths: readonly string[]): Awaitable<void>;

  /** Makes an empty folder where the storage has such a thing. */
  createFolder(path: string): Awaitable<void>;
}

const TOO_LARGE = 'holds more than';

export const tooLarge = (path: string, maxBytes: number): StorageFaultError =>
  new StorageFaultError(path, `${TOO_LARGE} ${maxBytes} bytes`);

/** A place in the storage that could not be looked at or changed. */
export class StorageFaultError extends Error {
  constructor(
    readonly path: string,
    readonly problem: string,
    options?: ErrorOptions,
  ) {
    super(`${path === '' ? 'the storage root' : path}: ${problem}`, options);
    this.name = 'StorageFaultError';
  }

  /** The file is fine, but larger than the caller reads. */
  get isTooLarge(): boolean {
    return this.problem.startsWith(TOO_LARGE);
  }
}

/** Many files, in the order asked, in memory of their own. */
export const readMany = async (
  storage: Storage,
  paths: readonly string[],
  maxBytes: number,
): Promise<readonly Reading[]> => {
  const readings: Reading[] = [];
  await storage.readEach(paths, maxBytes, (reading) => {
    readings.push(reading instanceof Uint8Array ? Uint8Array.from(reading) : reading);
  });
  return readings;
};

const LEAVES_THE_ROOT = /\0|(?:^|\/)\.{0,2}(?:\/|$)/;

/** False for nearly every path, at a fraction of what the pattern takes: it is asked of each of a hundred thousand. */
const couldLeave = (path: string): boolean =>
  path.startsWith('.') ||
  path.startsWith('/') ||
  path.endsWith('/') ||
  path.includes('/.') ||
  path.includes('//') ||
  path.includes('\0');

/** The path itself if it stays below the root, part by part; throws otherwise (FACTS §5, hazard 8). */
export const insidePath = (path: string): string => {
  if (path !== '' && couldLeave(path) && LEAVES_THE_ROOT.test(path)) {
    throw new StorageFaultError(path, 'is not a path inside the storage');
  }
  return path;
};
