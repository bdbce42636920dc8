import {
  entryId,
  type EntryState,
  type Journal,
  type JournalEntry,
  type JournalRun,
  type QuarantineEntry,
} from '../../src/collections/engine/journal.js';

/** The journal in memory: what a test can look into. */
export class MemoryJournal implements Journal {
  readonly entries = new Map<string, JournalEntry>();
  readonly #runs = new Map<string, JournalRun>();

  async runs(): Promise<readonly JournalRun[]> {
    return [...this.#runs.values()];
  }

  async startRun(id: string, startedMs: number): Promise<void> {
    this.#runs.set(id, { id, startedMs, state: 'running', forgottenPurged: 0 });
  }

  async endRun(id: string, state: 'finished' | 'undone'): Promise<void> {
    this.#runs.set(id, { id, startedMs: this.#runs.get(id)?.startedMs ?? 0, state, forgottenPurged: 0 });
  }

  async append(entries: readonly QuarantineEntry[]): Promise<void> {
    for (const entry of entries) this.entries.set(entryId(entry), { ...entry, state: 'moving' });
  }

  async commit(entries: readonly QuarantineEntry[], state: EntryState): Promise<void> {
    for (const entry of entries) {
      const known = this.entries.get(entryId(entry));
      if (!known) throw new Error(`no entry ${entryId(entry)}`);
      this.entries.set(entryId(entry), { ...known, state });
    }
  }

  async list(states: readonly EntryState[]): Promise<readonly JournalEntry[]> {
    return [...this.entries.values()].filter(({ state }) => states.includes(state));
  }

  async nextBatch(run: string): Promise<number> {
    return 1 + Math.max(0, ...[...this.entries.values()].filter((e) => e.run === run).map((e) => e.batch));
  }
}
