import { createHash } from 'node:crypto';
import { existsSync, realpathSync } from 'node:fs';
import { homedir, availableParallelism } from 'node:os';
import { basename, dirname, join, sep } from 'node:path';
import { setFlagsFromString } from 'node:v8';
import { ReferenceMemory } from '../collections/engine/reference-cache.js';
import type { CollectionTools } from '../collections/engine/survey.js';
import { WorkerScanner } from '../collections/engine/worker-scanner.js';
import { FilesystemStorage } from '../storage/filesystem-storage.js';
import { BLOBS, REPOSITORIES } from '../storage/layout.js';
import type { Surveyor } from '../collections/engine/surveyor.js';
import { describedSurveyorWith } from '../collections/engine/describe-garbage.js';
import type { DescribedLook } from '../collections/engine/described-look.js';
import { V1_IMAGES, V1_REPOSITORIES } from '../collections/engine/v1/layout.js';
import { CommandError } from './exit-codes.js';

/** This thread reads, too. */
const MAX_THREADS = 4;

/**
 * A command lives about a second. V8 would spend a third of the processor's time on optimizing what hardly runs again,
 * once per thread; it still optimizes what is fifteen times as hot (measured: 1.9 s of processor time to 1.4 s).
 */
const OPTIMIZE_LATER = '--interrupt-budget=2000000';

/**
 * The heap is tidied up rather than grown: a young generation of V8's own choice takes 48 MB of a large store's run.
 */
const STAY_SMALL = '--optimize-for-size';

const V2 = {
  folders: [BLOBS, REPOSITORIES],
  hint: `no docker/registry/v2; give the directory that the registry's "rootdirectory" names`,
};
const V1 = {
  folders: [V1_IMAGES, V1_REPOSITORIES],
  hint: `no images or repositories; give the directory that the registry's "storage_path" names`,
};

/** The real path of a registry's directory; one that does not hold a registry's files is refused. */
const storageRoot = (directory: string, { folders, hint }: typeof V2): string => {
  if (!existsSync(directory)) throw new CommandError(`${directory} does not exist`);
  const root = realpathSync(directory);
  if (folders.some((folder) => existsSync(join(root, folder)))) return root;
  throw new CommandError(`${directory} holds ${hint}`);
};

/** Where references are remembered: out of the storage, which a dry run must not change. */
const cachePath = (root: string, option: string | boolean | undefined): string | null => {
  if (option === false) return null;
  if (typeof option !== 'string') {
    const name = createHash('sha256').update(root).digest('hex').slice(0, 16);
    return join(process.env['XDG_CACHE_HOME'] ?? join(homedir(), '.cache'), 'sexton', `${name}.references`);
  }
  const folder = dirname(option);
  const real = existsSync(folder) ? join(realpathSync(folder), basename(option)) : option;
  if (real.startsWith(root + sep))
    throw new CommandError(`--cache ${option} lies in the storage; put it elsewhere`);
  return real;
};

export interface OpenStorage {
  readonly root: string;
  readonly tools: CollectionTools;
}

/** Opens a storage for the time of `work`. */
export const withStorage = async <T>(
  directory: string,
  cache: string | boolean | undefined,
  work: (open: OpenStorage) => Promise<T>,
): Promise<T> => {
  const root = storageRoot(directory, V2);
  const path = cachePath(root, cache);
  setFlagsFromString(OPTIMIZE_LATER);
  setFlagsFromString(STAY_SMALL);
  const threads = Math.max(1, Math.min(MAX_THREADS, availableParallelism()) - 1);
  const scanner = new WorkerScanner(root, threads);
  const memory = new ReferenceMemory(path);
  try {
    const tools: CollectionTools = {
      storage: new FilesystemStorage(root),
      scanner,
      memory,
      now: () => Date.now(),
      moveOut: (entries) => scanner.moveOut(entries),
    };
    const result = await work({ root, tools });
    await keepMemory(memory);
    return result;
  } finally {
    await scanner.close();
  }
};

/** What commander parsed of every command on a storage. */
export interface WhichStorage {
  readonly storage: string;
  readonly cache?: string | boolean;
  /** The old Python registry's. */
  readonly v1?: boolean;
}

/** Opens a storage of either layout for the time of `work`. */
export const withSurveyor = async <T>(
  { storage: directory, cache, v1 = false }: WhichStorage,
  work: (open: { readonly root: string; readonly surveyor: Surveyor<DescribedLook> }) => Promise<T>,
): Promise<T> => {
  if (v1) {
    const root = storageRoot(directory, V1);
    const { v1SurveyorOf } = await import('../collections/engine/v1/images-look.js');
    return work({ root, surveyor: v1SurveyorOf(new FilesystemStorage(root), () => Date.now()) });
  }
  return withStorage(directory, cache, ({ root, tools }) =>
    work({ root, surveyor: describedSurveyorWith(tools) }),
  );
};

const keepMemory = async (memory: ReferenceMemory): Promise<void> => {
  try {
    await memory.keep();
  } catch (error) {
    process.stderr.write(`sexton: what was learned could not be written: ${String(error)}\n`);
  }
};
