import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { JOURNAL } from '../../storage/layout.js';
import { readIfThere, replaceFile, syncFolder, writeAll } from './journal-file.js';
import {
  entryId,
  JournalError,
  type EntryState,
  type Journal,
  type JournalEntry,
  type JournalRun,
  type QuarantineEntry,
} from './journal.js';
import { readRow, type JournalRow } from './journal-row.js';
import type { Turn } from './turns.js';

const LINE_END = 0x0a;
const ENTRIES_A_ROW = 500;
/** So many entries are worth a journal written anew. */
const WORTH_REWRITING = 1000;
const STATES_AFTER_MOVING: readonly EntryState[] = ['quarantined', 'restored', 'purging', 'purged'];

/**
 * The journal as lines of JSON in the storage itself, for runs without a server. A crash can leave the last line cut
 * short: that line never counted, and the next write cuts it off.
 */
export class FileJournal implements Journal {
  readonly #path: string;
  readonly #runs = new Map<string, JournalRun>();
  readonly #entries = new Map<string, JournalEntry>();
  readonly #lastBatches = new Map<string, number>();
  #wholeBytes = 0;

  /** Reads it at once, unless `isRead` is false. */
  constructor(root: string, { isRead = true } = {}) {
    this.#path = join(root, JOURNAL);
    if (isRead) for (const _ of this.#read());
  }

  /** Reads it in turns: a large one takes seconds, and the thread may have other work as well. */
  static async open(root: string, turn: Turn): Promise<FileJournal> {
    const journal = new FileJournal(root, { isRead: false });
    for (const _ of journal.#read()) await turn();
    return journal;
  }

  async runs(): Promise<readonly JournalRun[]> {
    return [...this.#runs.values()];
  }

  async startRun(id: string, startedMs: number): Promise<void> {
    this.#write([{ type: 'run', id, startedMs, state: 'running' }]);
  }

  async endRun(id: string, state: 'finished' | 'undone'): Promise<void> {
    this.#write([{ type: 'run', id, startedMs: this.#runs.get(id)?.startedMs ?? 0, state }]);
  }

  async append(entries: readonly QuarantineEntry[]): Promise<void> {
    if (entries.length > 0) this.#write([{ type: 'entries', entries }], { isIntent: true });
  }

  async commit(entries: readonly QuarantineEntry[], state: EntryState): Promise<void> {
    const row = { type: 'state', state, ids: entries.map(entryId) } as const;
    if (entries.length > 0) this.#write([row], { isIntent: state === 'purging' });
  }

  async list(states: readonly EntryState[]): Promise<readonly JournalEntry[]> {
    return [...this.#entries.values()].filter(({ state }) => states.includes(state));
  }

  async nextBatch(run: string): Promise<number> {
    return (this.#lastBatches.get(run) ?? 0) + 1;
  }

  /**
   * Writes the journal anew without the entries that were restored or purged and went into quarantine before
   * `beforeMs`; says how many. Does nothing while they are few, or fewer than those that stay. Whoever calls it holds
   * the storage's lock; whoever reads meanwhile finds the old file or the new one, whole.
   */
  async forget(beforeMs: number): Promise<number> {
    const isOver = ({ state, atMs }: JournalEntry): boolean =>
      (state === 'restored' || state === 'purged') && atMs < beforeMs;
    const all = [...this.#entries.values()];
    const over = all.filter(isOver);
    if (over.length < Math.max(WORTH_REWRITING, all.length / 2)) return 0;
    const runs = new Map(this.#runs);
    for (const { run: id, state } of over) {
      const run = runs.get(id);
      if (run && state === 'purged') runs.set(id, { ...run, forgottenPurged: run.forgottenPurged + 1 });
    }
    const staying = all.filter((entry) => !isOver(entry));
    this.#wholeBytes = replaceFile(this.#path, textOf(this.#rowsOf([...runs.values()], staying)));
    for (const [id, run] of runs) this.#runs.set(id, run);
    for (const entry of over) this.#entries.delete(entryId(entry));
    return over.length;
  }

  /** A journal of these, in as few rows as it takes. */
  *#rowsOf(runs: readonly JournalRun[], entries: readonly JournalEntry[]): Generator<JournalRow> {
    for (const { forgottenPurged: purged, ...run } of runs) {
      const forgotten = { lastBatch: this.#lastBatches.get(run.id) ?? 0, purged };
      yield { type: 'run', ...run, forgotten };
    }
    for (let i = 0; i < entries.length; i += ENTRIES_A_ROW) {
      const portion = entries.slice(i, i + ENTRIES_A_ROW);
      yield { type: 'entries', entries: portion.map(({ state: _, ...entry }) => entry) };
      for (const state of STATES_AFTER_MOVING) {
        const ids = portion.filter((entry) => entry.state === state).map(entryId);
        if (ids.length > 0) yield { type: 'state', state, ids };
      }
    }
  }

  /** Yields after each line. */
  *#read(): Generator<void> {
    const bytes = readIfThere(this.#path);
    this.#wholeBytes = bytes.lastIndexOf(LINE_END) + 1;
    // Line by line: as one text it could be longer than a text may be.
    for (let from = 0, number = 1; from < this.#wholeBytes; number += 1) {
      const end = bytes.indexOf(LINE_END, from);
      const row = readRow(bytes.toString('utf8', from, end));
      if (row === null) throw new JournalError(`line ${number} of ${this.#path} cannot be read`);
      this.#apply(row);
      yield;
      from = end + 1;
    }
  }

  #apply(row: JournalRow): void {
    if (row.type === 'run') {
      const { id, startedMs, state, forgotten } = row;
      const forgottenPurged = forgotten?.purged ?? this.#runs.get(id)?.forgottenPurged ?? 0;
      this.#runs.set(id, { id, startedMs, state, forgottenPurged });
      if (forgotten) this.#noteBatch(id, forgotten.lastBatch);
    } else if (row.type === 'entries') {
      for (const entry of row.entries) {
        this.#entries.set(entryId(entry), { ...entry, state: 'moving' });
        this.#noteBatch(entry.run, entry.batch);
      }
    } else {
      for (const id of row.ids) {
        const entry = this.#entries.get(id);
        if (!entry) throw new JournalError(`${this.#path} speaks of an entry it does not hold: ${id}`);
        this.#entries.set(id, { ...entry, state: row.state });
      }
    }
  }

  #noteBatch(run: string, batch: number): void {
    this.#lastBatches.set(run, Math.max(batch, this.#lastBatches.get(run) ?? 0));
  }

  /** An intent must stand before anything happens to files; what was done may be lost, and is found out again. */
  #write(rows: readonly JournalRow[], { isIntent } = { isIntent: false }): void {
    const isNew = !fs.existsSync(this.#path);
    if (isNew) fs.mkdirSync(dirname(this.#path), { recursive: true });
    const handle = fs.openSync(
      this.#path,
      fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_NOFOLLOW,
      0o600,
    );
    try {
      fs.ftruncateSync(handle, this.#wholeBytes);
      this.#wholeBytes += writeAll(handle, textOf(rows), this.#wholeBytes);
      if (isIntent || isNew) fs.fsyncSync(handle);
    } finally {
      fs.closeSync(handle);
    }
    if (isNew) syncFolder(dirname(this.#path));
    for (const row of rows) this.#apply(row);
  }
}

const textOf = function* (rows: Iterable<JournalRow>): Generator<string> {
  for (const row of rows) yield `${JSON.stringify(row)}\n`;
};
