import { quarantineBatch, quarantineRun } from '../../storage/layout.js';
import { bringBackAllNeeded } from './heal.js';
import type { AroundBatch, Journal, JournalEntry } from './journal.js';
import { destroy } from './quarantine.js';
import { settle } from './settle.js';
import { REMARK_AFTER_MS, type Surveyor } from './surveyor.js';

const BATCH = 500;

export interface PurgeResult {
  readonly entries: number;
  readonly bytes: number;
  readonly broughtBack: number;
  /** Why nothing, or nothing more, was purged. */
  readonly blocked: string | null;
  /** False: it stopped because it might not go on. */
  readonly isFinished: boolean;
}

export interface PurgeHooks {
  /** Asked before each batch. */
  readonly mayGoOn?: () => Promise<boolean>;
  readonly aroundBatch?: AroundBatch;
  readonly remarkAfterMs?: number;
}

/**
 * Deletes for good what has waited in quarantine since before `quarantinedBeforeMs`. First, and again whenever the mark
 * has aged, everything that is needed comes back; while anything is undecided, nothing is purged at all: this step
 * alone cannot be undone.
 */
export const purge = async (
  surveyor: Surveyor,
  journal: Journal,
  quarantinedBeforeMs: number,
  {
    mayGoOn = async () => true,
    aroundBatch = (work) => work(),
    remarkAfterMs = REMARK_AFTER_MS,
  }: PurgeHooks = {},
): Promise<PurgeResult> => {
  const { storage, now } = surveyor;
  await settle(storage, journal);
  let broughtBack = 0;
  let blocked: string | null = null;
  let old: readonly JournalEntry[] = [];
  let markedMs = 0;
  const lookAgain = async (): Promise<void> => {
    const needed = await bringBackAllNeeded(surveyor, journal);
    markedMs = now();
    broughtBack += needed.broughtBack;
    const doubt = needed.look.faults.find((fault) => fault.undecided !== 'nothing');
    blocked = doubt ? `${doubt.path} ${doubt.problem}` : null;
    const waiting = blocked === null ? await journal.list(['quarantined']) : [];
    old = waiting.filter((entry) => entry.atMs <= quarantinedBeforeMs);
  };
  await lookAgain();
  let bytes = 0;
  let entries = 0;
  let isFinished = true;
  const [batches, runs] = [new Set<string>(), new Set<string>()];
  while (old.length > 0) {
    if (!(await mayGoOn())) {
      isFinished = false;
      break;
    }
    if (now() - markedMs > remarkAfterMs) await lookAgain();
    const batch = old.slice(0, BATCH);
    old = old.slice(BATCH);
    await aroundBatch(async () => {
      await journal.commit(batch, 'purging');
      await destroy(storage, batch);
      await journal.commit(batch, 'purged');
      return batch;
    });
    for (const { run, batch: number, sizeBytes } of batch) {
      bytes += sizeBytes;
      batches.add(quarantineBatch(run, number));
      runs.add(quarantineRun(run));
    }
    entries += batch.length;
  }
  await storage.removeEmptyFolders([...batches, ...runs]);
  return { entries, bytes, broughtBack, blocked, isFinished };
};
