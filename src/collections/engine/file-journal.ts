import * as fs from 'node:fs';
import { dirname, join } from 'node:path';
import { JOURNAL } from '../../storage/layout.js';
import {
  entryId,
  type EntryState,
  type Journal,
  type JournalEntry,
  type JournalRun,
  type QuarantineEntry,
  type RunState,
} from './journal.js';
import { readRow, type JournalRow } from './journal-row.js';

/** The journal cannot be read for certain, or somebody else writes it. */
export class JournalError extends Error {
  override readonly name = 'JournalError';
}

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

  constructor(root: string) {
    this.#path = join(root, JOURNAL);
    this.#load();
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

  #load(): void {
    const bytes = readIfThere(this.#path);
    this.#wholeBytes = bytes.lastIndexOf(0x0a) + 1;
    const lines = bytes.toString('utf8', 0, this.#wholeBytes).split('\n').slice(0, -1);
    for (const [i, line] of lines.entries()) {
      const row = readRow(line);
      if (row === null) throw new JournalError(`line ${i + 1} of ${this.#path} cannot be read`);
      this.#apply(row);
    }
  }

  #apply(row: JournalRow): void {
    if (row.type === 'run') {
      const state: RunState = row.state;
      this.#runs.set(row.id, { id: row.id, startedMs: row.startedMs, state });
    } else if (row.type === 'entries') {
      for (const entry of row.entries) {
        this.#entries.set(entryId(entry), { ...entry, state: 'moving' });
        this.#lastBatches.set(entry.run, Math.max(entry.batch, this.#lastBatches.get(entry.run) ?? 0));
      }
    } else {
      for (const id of row.ids) {
        const entry = this.#entries.get(id);
        if (!entry) throw new JournalError(`${this.#path} speaks of an entry it does not hold: ${id}`);
        this.#entries.set(id, { ...entry, state: row.state });
      }
    }
  }

  /** An intent must stand before anything happens to files; what was done may be lost, and is found out again. */
  #write(rows: readonly JournalRow[], { isIntent } = { isIntent: false }): void {
    const isNew = !fs.existsSync(this.#path);
    if (isNew) fs.mkdirSync(dirname(this.#path), { recursive: true });
    const text = rows.map((row) => `${JSON.stringify(row)}\n`).join('');
    const handle = fs.openSync(
      this.#path,
      fs.constants.O_RDWR | fs.constants.O_CREAT | fs.constants.O_NOFOLLOW,
      0o600,
    );
    try {
      fs.ftruncateSync(handle, this.#wholeBytes);
      this.#wholeBytes += writeAll(handle, Buffer.from(text), this.#wholeBytes);
      if (isIntent || isNew) fs.fsyncSync(handle);
    } finally {
      fs.closeSync(handle);
    }
    if (isNew) syncFolder(dirname(this.#path));
    for (const row of rows) this.#apply(row);
  }
}

/**
 * Nothing where there is no such file. One that cannot be read is not taken for an empty one: the next write would cut
 * it off.
 */
const readIfThere = (path: string): Buffer => {
  try {
    return fs.readFileSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return Buffer.alloc(0);
    throw new JournalError(`${path} cannot be read`, { cause: error });
  }
};

/** A disk that is nearly full takes a part, and only refuses the next write. */
const writeAll = (handle: number, bytes: Buffer, at: number): number => {
  let written = 0;
  while (written < bytes.length)
    written += fs.writeSync(handle, bytes, written, bytes.length - written, at + written);
  return written;
};

/** A new file's name is durable once its folder is. */
const syncFolder = (folder: string): void => {
  const handle = fs.openSync(folder, fs.constants.O_RDONLY);
  try {
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
};
