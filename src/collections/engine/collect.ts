import { blobTimes } from './blob-times.js';
import { blobEntry, revisionEntry, type BatchHead } from './entries.js';
import type { DeadBlob, Garbage } from './garbage.js';
import { bringBackNeeded } from './heal.js';
import type { Journal, QuarantineEntry } from './journal.js';
import type { UntaggedRevision } from './mark.js';
import { moveOut } from './quarantine.js';
import { settle } from './settle.js';
import { KEEP_ALL, survey, type CollectionTools, type CollectRules } from './survey.js';

export interface CollectOptions extends CollectRules {
  /** Id of the run, should no unfinished one stand. */
  readonly newRunId: () => string;
  /** How many blobs go at a time: what stands between two looks at the window. */
  readonly batchSize: number;
  /** Marks again before the next batch once a mark is this old. */
  readonly remarkAfterMs: number;
}

export type CollectionProgress =
  | { readonly phase: 'marking'; readonly repositories: number; readonly of: number }
  /** After each batch. */
  | { readonly phase: 'sweeping'; readonly run: string; readonly swept: Swept; readonly left: number };

export interface CollectHooks {
  readonly onProgress?: (progress: CollectionProgress) => void;
  /**
   * Ends the run: between two batches as `mayGoOn` does; while it marks by rejecting with the signal's reason. Either
   * way the journal stands, and the next run goes on.
   */
  readonly signal?: AbortSignal;
  /** Asked before every batch; false ends the run there. Is the window still open? */
  readonly mayGoOn?: () => boolean | Promise<boolean>;
}

/** What went into quarantine so far. */
export interface Swept {
  readonly blobs: number;
  readonly bytes: number;
  /** Links of repositories to untagged manifests. */
  readonly revisions: number;
}

export interface CollectResult extends Swept {
  readonly run: string;
  /** False where `mayGoOn` or the signal ended it: the next run goes on under the same id. */
  readonly isFinished: boolean;
  /** What was found before anything moved. */
  readonly first: Garbage;
  readonly broughtBack: number;
}

/** A storage and the record of what was taken from it; one process at a time may collect in it. */
export interface CollectionStorage extends CollectionTools {
  readonly journal: Journal;
}

/**
 * Takes garbage into quarantine, batch by batch: the journal knows a batch before any of it moves, and that is the
 * checkpoint. A run that was interrupted, in whatever way, goes on under its own id when it is started again. At the
 * end, and whenever the mark has aged, everything is marked again, and what is needed after all comes back.
 *
 * Rejects with what the storage or the journal throws, a `JournalError` where it cannot be read for certain.
 */
export const collect = async (
  tools: CollectionStorage,
  options: CollectOptions,
  { onProgress, signal, mayGoOn = () => true }: CollectHooks = {},
): Promise<CollectResult> => {
  const { storage, journal, now } = tools;
  const onRepository = (repositories: number, of: number): void =>
    onProgress?.({ phase: 'marking', repositories, of });
  const look = () => survey(tools, options, { onRepository, signal });
  await settle(storage, journal);
  const run = await openRun(journal, options.newRunId, now());
  const first = await look();
  let garbage = first;
  let markedMs = now();
  let swept: Swept = { blobs: 0, bytes: 0, revisions: 0 };
  let broughtBack = await bringBackNeeded(storage, journal, first);
  let isFinished = true;
  let work = planBatches(garbage, options.batchSize);
  for (let next = work.shift(); next !== undefined; next = work.shift()) {
    if (signal?.aborted || !(await mayGoOn())) {
      isFinished = false;
      break;
    }
    if (now() - markedMs > options.remarkAfterMs) {
      garbage = await look();
      broughtBack += await bringBackNeeded(storage, journal, garbage);
      markedMs = now();
      work = planBatches(garbage, options.batchSize);
      next = work.shift();
      if (next === undefined) break;
    }
    const blobs = await withoutRenewed(tools, options, garbage, next.blobs);
    await sweep(tools, run, garbage, { ...next, blobs });
    swept = {
      blobs: swept.blobs + blobs.length,
      bytes: blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, swept.bytes),
      revisions: swept.revisions + next.revisions.length,
    };
    const left = work.reduce((sum, batch) => sum + batch.blobs.length, 0);
    onProgress?.({ phase: 'sweeping', run, swept, left });
  }
  // Whatever ended the run: what was pushed while it swept must not wait for the healer.
  if (swept.blobs + swept.revisions > 0)
    broughtBack += await bringBackNeeded(storage, journal, await survey(tools, KEEP_ALL));
  if (isFinished) await journal.endRun(run, 'finished');
  return { run, isFinished, first, ...swept, broughtBack };
};

const openRun = async (journal: Journal, newRunId: () => string, nowMs: number): Promise<string> => {
  const unfinished = (await journal.runs()).find(({ state }) => state === 'running');
  if (unfinished) return unfinished.id;
  const id = newRunId();
  await journal.startRun(id, nowMs);
  return id;
};

interface Batch {
  readonly blobs: readonly DeadBlob[];
  readonly revisions: readonly UntaggedRevision[];
}

/** Links of untagged manifests go before blobs, so that no link is left without its manifest. */
const planBatches = ({ blobs, blocked, marking }: Garbage, size: number): Batch[] => {
  if (blocked !== null) return [];
  const batches: Batch[] = [];
  for (let i = 0; i < marking.untagged.length; i += size) {
    batches.push({ blobs: [], revisions: marking.untagged.slice(i, i + size) });
  }
  for (let i = 0; i < blobs.length; i += size)
    batches.push({ blobs: blobs.slice(i, i + size), revisions: [] });
  return batches;
};

/** Looks once more, just before a batch moves: an upload since the mark has renewed the blob or its link. */
const withoutRenewed = async (
  { scanner, now }: CollectionTools,
  { graceMs }: CollectRules,
  { marking }: Garbage,
  blobs: readonly DeadBlob[],
): Promise<readonly DeadBlob[]> => {
  const indexes = blobs.map(({ index }) => index);
  const { modifiedMs } = await blobTimes(scanner, marking, indexes, (i) => blobs[i]?.linkedIn ?? []);
  const latestMs = now() - graceMs;
  return blobs.filter((_, i) => !((modifiedMs[i] ?? NaN) > latestMs));
};

const sweep = async (
  { storage, journal, now }: CollectionStorage,
  run: string,
  { marking }: Garbage,
  { blobs, revisions }: Batch,
): Promise<void> => {
  const head: BatchHead = { run, batch: await journal.nextBatch(run), atMs: now() };
  const entries: QuarantineEntry[] = blobs.map((blob, i) => blobEntry(head, i, marking, blob));
  for (const revision of revisions) {
    entries.push(await revisionEntry(storage, head, entries.length, marking, revision));
  }
  await journal.append(entries);
  await moveOut(storage, entries);
  await journal.commit(entries, 'quarantined');
};
