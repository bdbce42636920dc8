import type { Storage } from '../storage/storage.js';
import { blobEntry, revisionEntry, type BatchHead } from './entries.js';
import { findGarbage, type DeadBlob, type Garbage } from './garbage.js';
import { heal } from './heal.js';
import type { Journal, QuarantineEntry } from './journal.js';
import { mark, type UntaggedRevision } from './mark.js';
import { moveOut } from './quarantine.js';
import type { ReferenceGraph } from './reference-graph.js';
import type { Scanner } from './scanner.js';
import { settle } from './settle.js';

export interface CollectRules {
  readonly graceMs: number;
  /** Null keeps untagged manifests. */
  readonly untaggedMinAgeMs: number | null;
}

/** What a collection works with. `graph` may know manifests from an earlier run. */
export interface CollectionTools {
  readonly storage: Storage;
  readonly scanner: Scanner;
  readonly newGraph: () => Promise<ReferenceGraph>;
  readonly now: () => number;
}

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

/** What could go now; changes nothing. */
export const survey = async (tools: CollectionTools, rules: CollectRules): Promise<Garbage> => {
  const nowMs = tools.now();
  const { untaggedMinAgeMs } = rules;
  const untagged = untaggedMinAgeMs === null ? null : { linkedBeforeMs: nowMs - untaggedMinAgeMs };
  const marking = await mark(tools.storage, tools.scanner, await tools.newGraph(), untagged);
  return findGarbage(tools.storage, tools.scanner, marking, { nowMs, graceMs: rules.graceMs });
};

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
  let broughtBack = 0;
  let isFinished = true;
  let work = planBatches(garbage, options.batchSize);
  for (let next = work.shift(); next !== undefined; next = work.shift()) {
    if (!(await options.mayGoOn())) {
      isFinished = false;
      break;
    }
    if (tools.now() - markedMs > options.remarkAfterMs) {
      garbage = await survey(tools, rules);
      broughtBack += await heal(tools.storage, journal, garbage);
      markedMs = tools.now();
      work = planBatches(garbage, options.batchSize);
      next = work.shift();
      if (next === undefined) break;
    }
    await sweep(tools, journal, run, garbage, next);
    taken.blobs += next.blobs.length;
    taken.revisions += next.revisions.length;
    for (const { sizeBytes } of next.blobs) taken.bytes += sizeBytes;
  }
  const swept = taken.blobs + taken.revisions > 0;
  if (swept) broughtBack += await heal(tools.storage, journal, await survey(tools, rules));
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
  for (let i = 0; i < blobs.length; i += size) batches.push({ blobs: blobs.slice(i, i + size), revisions: [] });
  return batches;
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
