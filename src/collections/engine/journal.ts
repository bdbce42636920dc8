import type { Digest } from '../../oci/digest.js';
import type { Reason } from './dead-blobs.js';

/**
 * Where a quarantined thing is between the registry and its end:
 * `moving` (some of its files may have moved) → `quarantined` → `restored`, or → `purging` → `purged`.
 */
export type EntryState = 'moving' | 'quarantined' | 'restored' | 'purging' | 'purged';

/** A blob, or one repository's link to an untagged manifest, and the files that went with it. */
export interface QuarantineEntry {
  readonly run: string;
  readonly batch: number;
  /** Its number in the batch; where its files wait is named for it. */
  readonly item: number;
  readonly digest: Digest;
  /** Null for the blob itself; the repository that lost its links to the manifest otherwise. */
  readonly repository: string | null;
  readonly because: Reason;
  readonly sizeBytes: number;
  /** Where its files were, the blob's own first. */
  readonly files: readonly string[];
  /** Folders that held nothing and went as well. */
  readonly emptyFolders: readonly string[];
  readonly atMs: number;
}

export interface JournalEntry extends QuarantineEntry {
  readonly state: EntryState;
}

export type RunState = 'running' | 'finished' | 'undone';

export interface JournalRun {
  readonly id: string;
  readonly startedMs: number;
  readonly state: RunState;
  /** Purged entries that the journal lists no more. */
  readonly forgottenPurged: number;
}

/** The journal cannot be read for certain, or somebody else writes it. */
export class JournalError extends Error {
  override readonly name = 'JournalError';
}

/**
 * The record of what was taken away, kept by one writer at a time. Promises:
 * - Once `append`, or `commit` of `purging`, resolves, it stands, also after a loss of power. Other states may be lost
 *   to that, never to a mere crash: `settle` then finds more to bring back, and nothing more to take.
 * - `append` records the intent: it comes before anything moves, so that whoever finds the storage half changed knows.
 * - An entry's state never goes back, and committing the state it has is harmless.
 * - What cannot be read for certain throws: whoever does not know what was taken away must not take away more.
 */
export interface Journal {
  runs(): Promise<readonly JournalRun[]>;
  startRun(id: string, startedMs: number): Promise<void>;
  endRun(id: string, state: 'finished' | 'undone'): Promise<void>;
  /** Writes the entries as `moving`, all or none. */
  append(entries: readonly QuarantineEntry[]): Promise<void>;
  commit(entries: readonly QuarantineEntry[], state: EntryState): Promise<void>;
  /** Entries in one of `states`, oldest first. */
  list(states: readonly EntryState[]): Promise<readonly JournalEntry[]>;
  /** The number for the next batch of a run: higher than every one it had. */
  nextBatch(run: string): Promise<number>;
}

/** Runs the work of one batch, which gives what it moved: for whoever wants to see it from outside. */
export type AroundBatch = (
  work: () => Promise<readonly QuarantineEntry[]>,
) => Promise<readonly QuarantineEntry[]>;

export type EntryName = Pick<QuarantineEntry, 'run' | 'batch' | 'item'>;

export const entryId = ({ run, batch, item }: EntryName): string => `${run}/${batch}/${item}`;
