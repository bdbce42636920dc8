import { StorageFaultError, type Storage } from '../../storage/storage.js';
import type { PackedDigests } from './digest-key.js';
import type { Found } from './fault.js';
import type { QuarantineEntry } from './journal.js';
import { moveOut } from './quarantine.js';
import { readManifests, type ManifestReading } from './read-manifests.js';
import { scanBlobs, type BlobShard } from './scan-blobs.js';
import { scanRepository, type RepositoryScan } from './scan-repository.js';
import { scanTimes } from './scan-times.js';
import type { FileTimes, RepositoryScanOptions, TimesRequest } from './scanner.js';

/** What a scanner asks of a worker thread. */
export type ScanCall =
  | { readonly kind: 'blobs'; readonly shard: BlobShard }
  | {
      readonly kind: 'repositories';
      readonly names: readonly string[];
      readonly options: RepositoryScanOptions;
    }
  | { readonly kind: 'manifests'; readonly digests: PackedDigests }
  | { readonly kind: 'times'; readonly request: TimesRequest }
  | { readonly kind: 'moveOut'; readonly entries: readonly QuarantineEntry[] };

/** A call, with the folders that others found to hold no link since the worker was asked last. */
export interface ScanMessage {
  readonly call: ScanCall;
  readonly linkFree: readonly string[];
  /** For the arrays of the answer. */
  readonly spare: ArrayBuffer | null;
}

/** What each kind of call is answered with. */
export interface ScanAnswers {
  readonly blobs: readonly Found<PackedDigests>[];
  readonly repositories: readonly RepositoryScan[];
  readonly manifests: readonly ManifestReading[];
  readonly times: readonly Found<FileTimes>[];
  readonly moveOut: readonly never[];
}

/** A worker's first word: it takes calls. */
export interface ScanReady {
  readonly ready: true;
}

/** `buffer` holds all arrays of `value`. */
export type ScanAnswer =
  { readonly value: ScanAnswers[keyof ScanAnswers]; readonly buffer: ArrayBuffer } | ScanFailure;

/** What went wrong; `fault` is what a StorageFaultError says, which loses its class between threads. */
interface ScanFailure {
  readonly failed: string;
  readonly fault: Pick<StorageFaultError, 'path' | 'problem'> | null;
}

export const failureOf = (error: unknown): ScanFailure => {
  const isFault = error instanceof StorageFaultError;
  return { failed: String(error), fault: isFault ? { path: error.path, problem: error.problem } : null };
};

export const errorOf = ({ failed, fault }: ScanFailure): Error =>
  fault === null ? new Error(failed) : new StorageFaultError(fault.path, fault.problem);

export const answerCall = async (
  storage: Storage,
  call: ScanCall,
): Promise<ScanAnswers[keyof ScanAnswers]> => {
  switch (call.kind) {
    case 'blobs':
      return [await scanBlobs(storage, [call.shard])];
    case 'repositories':
      return eachOf(call.names, (name) => scanRepository(storage, name, call.options));
    case 'manifests':
      return [await readManifests(storage, call.digests)];
    case 'times':
      return [await scanTimes(storage, call.request)];
    case 'moveOut':
      await moveOut(storage, call.entries);
      return [];
  }
};

const eachOf = async <T, R>(items: readonly T[], call: (item: T) => Promise<R>): Promise<R[]> => {
  const answers: R[] = [];
  for (const item of items) answers.push(await call(item));
  return answers;
};
