import type { Claim } from '../../../database/advisory-claim.js';
import { bringBack } from '../../engine/bring-back.js';
import { collect } from '../../engine/collect.js';
import { FileJournal } from '../../engine/file-journal.js';
import { heal } from '../../engine/heal.js';
import type { Journal, JournalEntry } from '../../engine/journal.js';
import { purge, type PurgeResult } from '../../engine/purge.js';
import { settle } from '../../engine/settle.js';
import type { CollectRules } from '../../engine/survey.js';
import { REMARK_AFTER_MS } from '../../engine/surveyor.js';
import { turnEvery } from '../../engine/turns.js';
import { undo, type UndoResult } from '../../engine/undo.js';
import type { DescribedLook } from '../../engine/described-look.js';
import { TURN_MS, withStorage, withStorageLock, type StorageAt } from './open-storage.js';
import { showBatches } from './spans.js';
import { stoppable } from './stoppable.js';
import { RecordingJournal, type EntryRecorder } from './recording-journal.js';

/** The right to change a storage, and who is told of changes. */
export interface StorageHolder {
  readonly claim: Claim;
  /** Who held the claim before, as host/process. */
  readonly formerWorker: string | null;
  readonly recorder: EntryRecorder;
  /** Told all that the journal holds, before anything changes. */
  readonly catchUp: (entries: readonly JournalEntry[]) => Promise<void>;
}

/** How long what was restored or purged stays in the journal: why a blob is gone can be told for so long. */
const REMEMBERED_MS = 30 * 86_400_000;
const ALL = ['moving', 'quarantined', 'restored', 'purging', 'purged'] as const;

/** The storage's journal, for the time that its lock is held. */
const withJournal = async <T>(
  root: string,
  nowMs: number,
  holder: StorageHolder,
  work: (journal: Journal) => Promise<T>,
): Promise<T> =>
  withStorageLock(root, holder.formerWorker, async () => {
    const journal = await FileJournal.open(root, turnEvery(TURN_MS));
    await holder.catchUp(await journal.list(ALL));
    // After it was told: what the journal has dropped nobody can be told any more.
    await journal.forget(nowMs - REMEMBERED_MS);
    return work(new RecordingJournal(journal, holder.claim, holder.recorder));
  });

/** What could go now; changes nothing. `LookStopped` once `mayGoOn` says no. */
export const surveyStorage = (
  at: StorageAt,
  rules: CollectRules,
  mayGoOn: () => Promise<boolean>,
): Promise<DescribedLook> => withStorage(at, ({ surveyor }) => stoppable(surveyor, mayGoOn).look(rules));

export interface SweepRequest {
  readonly run: string;
  readonly rules: CollectRules;
  readonly batchSize: number;
  readonly mayGoOn: () => Promise<boolean>;
}

/**
 * Takes garbage into quarantine under the run's own name until all is done, or `mayGoOn` says no; `LookStopped` where
 * that was before anything could go.
 */
export const sweepStorage = (
  at: StorageAt,
  holder: StorageHolder,
  { run, rules, batchSize, mayGoOn }: SweepRequest,
): Promise<{ readonly isFinished: boolean; readonly first: DescribedLook; readonly blobs: number }> =>
  withStorage(at, ({ root, surveyor }) =>
    withJournal(root, at.now(), holder, async (journal) => {
      // A run that somebody cancelled, or that the command line left, goes on under nobody's name.
      for (const { id, state } of await journal.runs()) {
        if (state === 'running' && id !== run) await journal.endRun(id, 'finished');
      }
      const options = { ...rules, newRunId: () => run, batchSize, remarkAfterMs: REMARK_AFTER_MS };
      const swept = await collect(stoppable(surveyor, mayGoOn), journal, options, {
        mayGoOn,
        aroundBatch: showBatches(at.tracing, 'quarantined'),
      });
      return { isFinished: swept.isFinished, first: swept.first, blobs: swept.blobs };
    }),
  );

/** Brings back the blobs of `digests` that wait in quarantine, with the links that went along. */
export const bringBackInStorage = (
  at: StorageAt,
  holder: StorageHolder,
  digests: ReadonlySet<string>,
): Promise<void> =>
  withStorage(at, ({ root, surveyor: { storage } }) =>
    withJournal(root, at.now(), holder, async (journal) => {
      await settle(storage, journal);
      const waiting = await journal.list(['quarantined']);
      const wanted = waiting.filter(({ repository, digest }) => repository === null && digests.has(digest));
      await bringBack(storage, journal, wanted);
    }),
  );

export const undoInStorage = (at: StorageAt, holder: StorageHolder, run: string): Promise<UndoResult> =>
  withStorage(at, ({ root, surveyor }) =>
    withJournal(root, at.now(), holder, (journal) => undo(surveyor.storage, journal, run)),
  );

export interface Tending {
  readonly broughtBack: number;
  /** Null where nothing was to be purged. */
  readonly purged: PurgeResult | null;
}

/**
 * Looks after the quarantine: brings back what is needed and, unless `purgeBeforeMs` is null, purges what has waited
 * since before then. `signal` ends a look with its reason.
 */
export const tendStorage = (
  at: StorageAt,
  holder: StorageHolder,
  purgeBeforeMs: number | null,
  { mayGoOn, signal }: { readonly mayGoOn?: () => Promise<boolean>; readonly signal?: AbortSignal } = {},
): Promise<Tending> =>
  withStorage(at, ({ root, surveyor: unbound }) =>
    withJournal(root, at.now(), holder, async (journal) => {
      const surveyor: typeof unbound = {
        ...unbound,
        look: (rules, hooks) => unbound.look(rules, { ...hooks, signal }),
      };
      const waiting = await journal.list(['quarantined']);
      const broughtBack = await heal(surveyor, journal);
      if (purgeBeforeMs === null || !waiting.some(({ atMs }) => atMs <= purgeBeforeMs)) {
        return { broughtBack, purged: null };
      }
      const purged = await purge(surveyor, journal, purgeBeforeMs, {
        ...(mayGoOn && { mayGoOn }),
        aroundBatch: showBatches(at.tracing, 'purged'),
      });
      return { broughtBack: broughtBack + purged.broughtBack, purged };
    }),
  );
