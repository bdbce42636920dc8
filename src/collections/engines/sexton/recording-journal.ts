import type { Claim } from '../../../database/advisory-claim.js';
import {
  entryId,
  type EntryState,
  type Journal,
  type JournalEntry,
  type JournalRun,
  type QuarantineEntry,
} from '../../engine/journal.js';

/** Told what became of things once the journal has it. */
export interface EntryRecorder {
  record(entries: readonly QuarantineEntry[], state: EntryState): Promise<void>;
}

/**
 * The storage's journal under a claim of the service: before anything is taken away or purged the claim is proved, and
 * each state that stands in the journal is told to `recorder`. Should the process die between the two, whoever takes
 * over compares (EntriesStore.catchUp).
 */
export class RecordingJournal implements Journal {
  constructor(
    private readonly inner: Journal,
    private readonly claim: Claim,
    private readonly recorder: EntryRecorder,
  ) {}

  runs(): Promise<readonly JournalRun[]> {
    return this.inner.runs();
  }

  startRun(id: string, startedMs: number): Promise<void> {
    return this.inner.startRun(id, startedMs);
  }

  endRun(id: string, state: 'finished' | 'undone'): Promise<void> {
    return this.inner.endRun(id, state);
  }

  async append(entries: readonly QuarantineEntry[]): Promise<void> {
    await this.claim.assertHeld();
    await this.inner.append(entries);
  }

  async commit(entries: readonly QuarantineEntry[], state: EntryState): Promise<void> {
    await this.claim.assertHeld();
    // What a crash left half moved goes back without ever having been told as taken away.
    const halfMoved = state === 'restored' ? new Set((await this.inner.list(['moving'])).map(entryId)) : null;
    await this.inner.commit(entries, state);
    const told = halfMoved ? entries.filter((entry) => !halfMoved.has(entryId(entry))) : entries;
    if (told.length > 0) await this.recorder.record(told, state);
  }

  list(states: readonly EntryState[]): Promise<readonly JournalEntry[]> {
    return this.inner.list(states);
  }

  nextBatch(run: string): Promise<number> {
    return this.inner.nextBatch(run);
  }
}
