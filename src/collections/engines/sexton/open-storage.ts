import { existsSync, mkdirSync, readFileSync, realpathSync, rmSync } from 'node:fs';
import { availableParallelism } from 'node:os';
import { dirname, join } from 'node:path';
import { SextonError } from '../../../errors/sexton-error.js';
import { FileJournal } from '../../engine/file-journal.js';
import { InlineScanner } from '../../engine/inline-scanner.js';
import { JournalError, type JournalEntry } from '../../engine/journal.js';
import { ReferenceMemory } from '../../engine/reference-cache.js';
import { StorageLockedError, withLock } from '../../engine/storage-lock.js';
import type { CollectionTools } from '../../engine/survey.js';
import { turnEvery, type Turn } from '../../engine/turns.js';
import { WorkerScanner } from '../../engine/worker-scanner.js';
import { FilesystemStorage } from '../../../storage/filesystem-storage.js';
import { BLOBS, OWN, REPOSITORIES } from '../../../storage/layout.js';
import type { Surveyor } from '../../engine/surveyor.js';
import { PacedStorage } from '../../../storage/paced-storage.js';
import { StorageFaultError, type Storage } from '../../../storage/storage.js';
import { V1_IMAGES, V1_REPOSITORIES } from '../../engine/v1/layout.js';
import { v1SurveyorOf } from '../../engine/v1/images-look.js';
import { describedSurveyorWith } from '../../engine/describe-garbage.js';
import type { DescribedLook } from '../../engine/described-look.js';
import type { Tracing } from '../../../telemetry/tracing/tracing.js';
import { showLooks } from './spans.js';

/** What a request may wait at each of its own steps. */
export const TURN_MS = 0.5;

export interface StorageAt {
  /** `v1`: of the old Python registry. */
  readonly layout: 'v2' | 'v1';
  /** The directory that holds docker/registry/v2; of the old registry the one that holds `images`. */
  readonly directory: string;
  /** Where references are remembered between runs: out of the storage, which a dry run must not change. */
  readonly cachePath: string;
  /** That read files; 0 reads in this thread. */
  readonly threads: number;
  /** Operations on the files a second; then this thread alone reads them. Null where nothing limits them. */
  readonly ioLimit: number | null;
  readonly now: () => number;
  readonly tracing: Tracing;
}

export interface OpenStorage {
  readonly root: string;
  readonly surveyor: Surveyor<DescribedLook>;
}

const FOLDERS = {
  v2: { any: [BLOBS, REPOSITORIES], called: 'docker/registry/v2' },
  v1: { any: [V1_IMAGES, V1_REPOSITORIES], called: 'images of a docker-registry' },
} as const;

const rootOf = ({ directory, layout }: StorageAt): string => {
  const root = existsSync(directory) ? realpathSync(directory) : null;
  const { any, called } = FOLDERS[layout];
  if (root !== null && any.some((folder) => existsSync(join(root, folder)))) return root;
  // A volume that is not mounted is an empty directory: no registry, rather than one without images.
  throw new SextonError('storage_unavailable', { detail: `${directory} holds no ${called} on this machine` });
};

/**
 * Opens a registry's files for the time of `work`; what goes wrong with them is a `storage_*` error. Somebody may wait for
 * the answer: `isAwaited`.
 */
export const withStorage = async <T>(
  at: StorageAt,
  work: (open: OpenStorage) => Promise<T>,
  { isAwaited = false } = {},
): Promise<T> => {
  const root = rootOf(at);
  const files = new FilesystemStorage(root);
  const storage = new PacedStorage(files, at.ioLimit);
  try {
    if (at.layout === 'v1')
      return await work({ root, surveyor: showLooks(v1SurveyorOf(storage, at.now), at.tracing) });
    return await withScanner(at, root, storage, isAwaited, (tools) =>
      work({ root, surveyor: showLooks(describedSurveyorWith(tools), at.tracing) }),
    );
  } catch (error) {
    throw translate(error);
  }
};

const withScanner = async <T>(
  { threads: wanted, ioLimit, cachePath, now }: StorageAt,
  root: string,
  storage: Storage,
  isAwaited: boolean,
  work: (tools: CollectionTools) => Promise<T>,
): Promise<T> => {
  // The process may be one that answers requests: it keeps a core, leaves reading to other threads, and does its own
  // work in turns.
  const threads = ioLimit === null ? Math.min(wanted, Math.max(1, availableParallelism() - 1)) : 0;
  const scanner =
    threads > 0
      ? new WorkerScanner(root, threads, { background: true, rests: !isAwaited })
      : new InlineScanner(storage);
  const turn = turnEvery(TURN_MS);
  const memory = new ReferenceMemory(cachePath);
  try {
    return await work({ storage, scanner, memory, now, turn });
  } finally {
    // Also of a look that was stopped: what manifests refer to never changes, and the next one need not read it again.
    await keep(cachePath, memory, turn);
    await scanner.close();
  }
};

/** What waits in the storage's quarantine; read without its lock, so a look and no more. */
export const lookIntoQuarantine = async (at: StorageAt): Promise<readonly JournalEntry[]> => {
  try {
    const journal = await FileJournal.open(rootOf(at), turnEvery(TURN_MS));
    return await journal.list(['moving', 'quarantined', 'purging']);
  } catch (error) {
    throw translate(error);
  }
};

/**
 * Runs `work` while no command line changes the storage. `formerWorker` held the registry's claim before us, so the
 * lock that it left behind when it died is nobody's; any other lock is respected.
 */
export const withStorageLock = async <T>(
  root: string,
  formerWorker: string | null,
  work: () => Promise<T>,
): Promise<T> => {
  try {
    return await withLock(root, work);
  } catch (error) {
    if (!(error instanceof StorageLockedError) || holderOf(root) !== formerWorker) throw error;
    rmSync(join(root, OWN, 'lock'), { force: true });
    return withLock(root, work);
  }
};

/** As `host/process`, or null where nobody holds it by now. */
const holderOf = (root: string): string | null => {
  try {
    const [pid, host] = readFileSync(join(root, OWN, 'lock'), 'utf8')
      .trim()
      .split(' ');
    return `${host}/${pid}`;
  } catch {
    return null;
  }
};

const keep = async (path: string, memory: ReferenceMemory, turn: Turn): Promise<void> => {
  try {
    mkdirSync(dirname(path), { recursive: true });
    await memory.keep(turn);
  } catch {
    // The next run reads the manifests again.
  }
};

const translate = (error: unknown): unknown => {
  if (error instanceof StorageLockedError)
    return new SextonError('storage_locked', { detail: error.message });
  if (error instanceof StorageFaultError || error instanceof JournalError) {
    return new SextonError('storage_fault', { detail: error.message });
  }
  return error;
};
