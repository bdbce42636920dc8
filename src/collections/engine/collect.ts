import { blobTimes } from './blob-times.js';
import { blobEntry, revisionEntry, type BatchHead } from './entries.js';
import type { DeadBlob, Garbage } from './garbage.js';
import { bringBackNeeded } from './heal.js';
import type { Journal, QuarantineEntry } from './journal.js';
import type { UntaggedRevision } from './mark.js';
import { moveOut } from './quarantine.js';
import { settle } from './settle.js';
import { KEEP_ALL, survey, type CollectionTools, type CollectRules } from './survey.js';

export interface SweepOptions {
  readonly journal: Journal;
  /** Id of the run, should no unfinished one stand. */
  readonly newRunId: () => string;
  readonly batchSize: number;
  /** Marks again before the next batch once a mark is this old. */
  readonly remarkAfterMs: number;
  /** Asked before every batch: a window that ends, or someone who cancels, stops the run between two batches. */
  readonly mayGoOn: () => boolean | Promise<boolean>;
}

export interface SweepResult {
  readonly run: string;
  readonly isFinished: boolean;
  readonly first: Garbage;
  readonly blobs: number;
  readonly bytes: number;
  readonly revisions: number;
  readonly broughtBack: number;
}

/**
 * Takes garbage into quarantine, batch by batch: the journal knows a batch before any of it moves. A run that was
 * interrupted goes on under its own name. At the end, and whenever the mark has aged, everything is marked again, and
 * what is needed after all comes back.
 */
export const collect = async (
  tools: CollectionTools,
  rules: CollectRules,
  options: SweepOptions,
): Promise<SweepResult> => {
  const { journal } = options;
  await settle(tools.storage, journal);
  const run = await openRun(journal, options.newRunId, tools.now());
  const first = await survey(tools, rules);
  let garbage = first;
  let markedMs = tools.now();
  const taken = { blobs: 0, bytes: 0, revisions: 0 };
  let broughtBack = await bringBackNeeded(tools.storage, journal, first);
  let isFinished = true;
  let work = planBatches(garbage, options.batchSize);
  for (let next = work.shift(); next !== undefined; next = work.shift()) {
    if (!(await options.mayGoOn())) {
      isFinished = false;
      break;
    }
    if (tools.now() - markedMs > options.remarkAfterMs) {
      garbage = await survey(tools, rules);
      broughtBack += await bringBackNeeded(tools.storage, journal, garbage);
      markedMs = tools.now();
      work = planBatches(garbage, options.batchSize);
      next = work.shift();
      if (next === undefined) break;
    }
    const blobs = await withoutRenewed(tools, rules, garbage, next.blobs);
    await sweep(tools, journal, run, garbage, { ...next, blobs });
    taken.blobs += blobs.length;
    taken.revisions += next.revisions.length;
    for (const { sizeBytes } of blobs) taken.bytes += sizeBytes;
  }
  const swept = taken.blobs + taken.revisions > 0;
  if (swept) broughtBack += await bringBackNeeded(tools.storage, journal, await survey(tools, KEEP_ALL));
  if (isFinished) await journal.endRun(run, 'finished');
  return { run, isFinished, first, ...taken, broughtBack };
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
  { storage, now }: CollectionTools,
  journal: Journal,
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
  for (const entry of entries) await moveOut(storage, entry);
  await journal.commit(entries, 'quarantined');
};
