import { bringBackAllNeeded, bringBackNeeded } from './heal.js';
import type { AroundBatch, Journal } from './journal.js';
import { moveOut } from './quarantine.js';
import { settle } from './settle.js';
import type { CollectRules } from './survey.js';
import { LookStopped, type Look, type Surveyor } from './surveyor.js';

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
  readonly aroundBatch?: AroundBatch;
}

/** What went into quarantine so far. */
export interface Swept {
  readonly blobs: number;
  readonly bytes: number;
  /** Links of repositories to untagged manifests. */
  readonly revisions: number;
}

export interface CollectResult<L extends Look> extends Swept {
  readonly run: string;
  /** False where `mayGoOn` or the signal ended it: the next run goes on under the same id. */
  readonly isFinished: boolean;
  /** What was found before anything moved. */
  readonly first: L;
  readonly broughtBack: number;
}

/**
 * Takes garbage into quarantine, batch by batch: the journal knows a batch before any of it moves, and that is the
 * checkpoint. A run that was interrupted, in whatever way, goes on under its own id when it is started again. At the
 * end, and whenever the mark has aged, everything is marked again, and what is needed after all comes back.
 *
 * Rejects with what the storage, the journal or the first look throws, a `JournalError` where it cannot be read for certain.
 */
export const collect = async <L extends Look>(
  surveyor: Surveyor<L>,
  journal: Journal,
  options: CollectOptions,
  { onProgress, signal, mayGoOn = () => true, aroundBatch = (work) => work() }: CollectHooks = {},
): Promise<CollectResult<L>> => {
  const { storage, now, moveOut: moveBatch = (entries) => moveOut(storage, entries) } = surveyor;
  const onRepository = (repositories: number, of: number): void =>
    onProgress?.({ phase: 'marking', repositories, of });
  const lookAgain = () => surveyor.look(options, { onRepository, signal });
  await settle(storage, journal);
  const run = await openRun(journal, options.newRunId, now());
  const first = await lookAgain();
  let markedMs = now();
  let swept: Swept = { blobs: 0, bytes: 0, revisions: 0 };
  let broughtBack = await bringBackNeeded(storage, journal, first);
  let isFinished = true;
  let work = [...first.batches(options.batchSize)];
  for (let next = work.shift(); next !== undefined; next = work.shift()) {
    if (signal?.aborted || !(await mayGoOn())) {
      isFinished = false;
      break;
    }
    if (now() - markedMs > options.remarkAfterMs) {
      const look = await unlessStopped(lookAgain());
      if (look === null) {
        isFinished = false;
        break;
      }
      broughtBack += await bringBackNeeded(storage, journal, look);
      markedMs = now();
      work = [...look.batches(options.batchSize)];
      next = work.shift();
      if (next === undefined) break;
    }
    const candidates = next;
    const entries = await aroundBatch(async () => {
      const moved = await candidates.entries({ run, batch: await journal.nextBatch(run), atMs: now() });
      await journal.append(moved);
      await moveBatch(moved);
      await journal.commit(moved, 'quarantined');
      return moved;
    });
    const blobs = entries.filter(({ repository }) => repository === null);
    swept = {
      blobs: swept.blobs + blobs.length,
      bytes: blobs.reduce((sum, { sizeBytes }) => sum + sizeBytes, swept.bytes),
      revisions: swept.revisions + entries.length - blobs.length,
    };
    const left = work.reduce((sum, { count }) => sum + count, 0);
    onProgress?.({ phase: 'sweeping', run, swept, left });
  }
  // Whatever ended the run: what was pushed while it swept must not wait for the healer.
  if (swept.blobs + swept.revisions > 0)
    broughtBack += (await bringBackAllNeeded(surveyor, journal)).broughtBack;
  if (isFinished) await journal.endRun(run, 'finished');
  return { run, isFinished, first, ...swept, broughtBack };
};

const unlessStopped = async <L>(look: Promise<L>): Promise<L | null> => {
  try {
    return await look;
  } catch (error) {
    if (error instanceof LookStopped) return null;
    throw error;
  }
};

const openRun = async (journal: Journal, newRunId: () => string, nowMs: number): Promise<string> => {
  const unfinished = (await journal.runs()).find(({ state }) => state === 'running');
  if (unfinished) return unfinished.id;
  const id = newRunId();
  await journal.startRun(id, nowMs);
  return id;
};
