import fs, { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FileJournal } from '../../src/collections/engine/file-journal.js';
import { replaceFile } from '../../src/collections/engine/journal-file.js';
import { JournalError, type QuarantineEntry } from '../../src/collections/engine/journal.js';
import { turnEvery } from '../../src/collections/engine/turns.js';
import { digestOf } from '../../src/oci/digest.js';
import { JOURNAL } from '../../src/storage/layout.js';

let root: string;
beforeEach(() => {
  root = mkdtempSync(join(tmpdir(), 'sexton-journal-'));
});
afterEach(() => {
  vi.restoreAllMocks();
  syncBuiltinESMExports();
  rmSync(root, { recursive: true });
});

/** write(2) on a disk that is nearly full: a part of what was asked, and then ENOSPC unless there is room again. */
const takesTenBytesThen = (next: 'room' | 'ENOSPC'): void => {
  const write = fs.writeSync.bind(fs);
  let calls = 0;
  const short = (handle: number, data: string | Buffer, ...where: number[]): number => {
    calls += 1;
    const bytes = Buffer.from(data);
    // As text: where to write. As bytes: from where in them, how many, where to write.
    const [offset = 0, length = bytes.length, at = where[0]] = typeof data === 'string' ? [] : where;
    if (calls === 1) return write(handle, bytes, offset, 10, at);
    if (next === 'ENOSPC') throw Object.assign(new Error('ENOSPC'), { code: 'ENOSPC' });
    return write(handle, bytes, offset, length, at);
  };
  vi.spyOn(fs, 'writeSync').mockImplementation(short as typeof fs.writeSync);
  syncBuiltinESMExports();
};

describe('the journal in the storage', () => {
  it('writes on where the disk took a part of a line', async () => {
    takesTenBytesThen('room');
    await new FileJournal(root).startRun('run-1', 1);
    expect(await new FileJournal(root).runs()).toMatchObject([{ id: 'run-1' }]);
  });

  it('takes nothing for written of which the disk took a part, and goes on once there is room', async () => {
    const journal = new FileJournal(root);
    takesTenBytesThen('ENOSPC');
    await expect(journal.startRun('run-1', 1)).rejects.toThrow('ENOSPC');
    expect(await journal.runs()).toEqual([]);
    vi.restoreAllMocks();
    syncBuiltinESMExports();
    await journal.startRun('run-2', 2);
    expect(await new FileJournal(root).runs()).toMatchObject([{ id: 'run-2' }]);
  });

  const entry = (run: string, item: number, atMs: number): QuarantineEntry => ({
    ...{ run, batch: 7, item, atMs, repository: null, because: 'unlinked', sizeBytes: 1 },
    digest: digestOf(Buffer.from(`${run} ${item}`)),
    files: [`blobs/${run}/${item}`],
    emptyFolders: [],
  });

  it('has on the disk what is about to be moved or deleted before it says so', async () => {
    const journal = new FileJournal(root);
    await journal.startRun('run-1', 1);
    const sync = fs.fsyncSync.bind(fs);
    let syncedBytes = 0;
    vi.spyOn(fs, 'fsyncSync').mockImplementation((handle) => {
      sync(handle);
      syncedBytes = fs.fstatSync(handle).size;
    });
    syncBuiltinESMExports();
    const entries = [entry('run-1', 1, 1)];
    const sizeBytes = (): number => fs.statSync(join(root, JOURNAL)).size;
    await journal.append(entries);
    expect(syncedBytes).toBe(sizeBytes());
    await journal.commit(entries, 'quarantined');
    await journal.commit(entries, 'purging');
    expect(syncedBytes).toBe(sizeBytes());
  });

  it('never counted a line that was cut short, and cuts it off', async () => {
    const path = join(root, JOURNAL);
    const journal = new FileJournal(root);
    await journal.append([entry('run-1', 1, 1)]);
    const whole = fs.readFileSync(path, 'utf8');
    await journal.append([entry('run-1', 2, 1)]);
    fs.writeFileSync(path, fs.readFileSync(path, 'utf8').slice(0, -10));
    const after = new FileJournal(root);
    expect((await after.list(['moving'])).map(({ item }) => item)).toEqual([1]);
    await after.commit([entry('run-1', 1, 1)], 'quarantined');
    const ids = '"ids":["run-1/7/1"]';
    expect(fs.readFileSync(path, 'utf8')).toBe(`${whole}{"type":"state","state":"quarantined",${ids}}\n`);
    expect((await new FileJournal(root).list(['quarantined'])).map(({ item }) => item)).toEqual([1]);
  });

  it('is replaced by one that is on the disk as a whole', () => {
    const did: string[] = [];
    const [sync, rename] = [fs.fsyncSync.bind(fs), fs.renameSync.bind(fs)];
    vi.spyOn(fs, 'fsyncSync').mockImplementation((handle) => {
      did.push(fs.fstatSync(handle).isFile() ? `sync ${fs.fstatSync(handle).size} bytes` : 'sync the folder');
      sync(handle);
    });
    vi.spyOn(fs, 'renameSync').mockImplementation((from, to) => {
      did.push('rename');
      rename(from, to);
    });
    syncBuiltinESMExports();
    expect(replaceFile(join(root, 'a-file'), ['one\n', 'two\n'])).toBe(8);
    expect(did).toEqual(['sync 8 bytes', 'rename', 'sync the folder']);
  });

  it.each([
    ['is none of a journal', '{"type":"other"}'],
    ['is no JSON', '{"type":'],
    ['holds an entry that is none', '{"type":"entries","entries":[{"run":"run-1"}]}'],
    ['speaks of an entry that it does not hold', '{"type":"state","state":"restored","ids":["run-1/9/9"]}'],
  ])('is not read past a line that %s', async (_, line) => {
    const journal = new FileJournal(root);
    await journal.append([entry('run-1', 1, 1)]);
    fs.appendFileSync(join(root, JOURNAL), `${line}\n`);
    expect(() => new FileJournal(root)).toThrow(JournalError);
    await expect(FileJournal.open(root, () => undefined)).rejects.toThrow(JournalError);
  });

  describe('that has grown long', () => {
    /** Of run-1: 1,200 that were purged, 10 that wait, 1 that was restored lately. Of run-2: one that moves. */
    const aLongOne = async (): Promise<FileJournal> => {
      const journal = new FileJournal(root);
      const purged = Array.from({ length: 1200 }, (_, i) => entry('run-1', i, 1));
      const waiting = Array.from({ length: 10 }, (_, i) => entry('run-1', 2000 + i, 1));
      const restored = [entry('run-1', 3000, 100)];
      await journal.startRun('run-1', 1);
      await journal.append([...purged, ...waiting, ...restored]);
      await journal.commit([...purged, ...waiting, ...restored], 'quarantined');
      await journal.commit(purged, 'purging');
      await journal.commit(purged, 'purged');
      await journal.commit(restored, 'restored');
      await journal.endRun('run-1', 'finished');
      await journal.startRun('run-2', 2);
      await journal.append([entry('run-2', 1, 1)]);
      return journal;
    };
    const ALL = ['moving', 'quarantined', 'restored', 'purging', 'purged'] as const;
    const sizeBytes = (): number => fs.statSync(join(root, JOURNAL)).size;

    it('forgets what came to its end long ago, and nothing else', async () => {
      const journal = await aLongOne();
      const [before, kept] = [
        sizeBytes(),
        (await journal.list(ALL)).filter(({ state }) => state !== 'purged'),
      ];
      expect(await journal.forget(50)).toBe(1200);
      expect(sizeBytes()).toBeLessThan(before / 20);
      const inTurns = await FileJournal.open(root, turnEvery(0));
      for (const read of [journal, new FileJournal(root), inTurns]) {
        expect(await read.list(ALL)).toEqual(kept);
        expect(await read.runs()).toEqual([
          { id: 'run-1', startedMs: 1, state: 'finished', forgottenPurged: 1200 },
          { id: 'run-2', startedMs: 2, state: 'running', forgottenPurged: 0 },
        ]);
        expect([await read.nextBatch('run-1'), await read.nextBatch('run-2')]).toEqual([8, 8]);
      }
      // It goes on where it was, also for whoever reads it anew.
      await journal.commit([entry('run-2', 1, 1)], 'quarantined');
      await journal.startRun('run-1', 3);
      const after = new FileJournal(root);
      expect((await after.list(['quarantined'])).map(({ run }) => run)).toEqual([
        ...Array<string>(10).fill('run-1'),
        'run-2',
      ]);
      expect((await after.runs())[0]).toMatchObject({ state: 'running', forgottenPurged: 1200 });
      expect(await after.nextBatch('run-1')).toBe(8);
    });

    it('is as it was where it was not that long ago, or the disk is full', async () => {
      const journal = await aLongOne();
      const before = fs.readFileSync(join(root, JOURNAL));
      expect(await journal.forget(1)).toBe(0);
      takesTenBytesThen('ENOSPC');
      await expect(journal.forget(50)).rejects.toThrow('ENOSPC');
      vi.restoreAllMocks();
      syncBuiltinESMExports();
      expect(fs.readFileSync(join(root, JOURNAL))).toEqual(before);
      expect(await journal.list(ALL)).toEqual(await new FileJournal(root).list(ALL));
      expect(await journal.forget(50)).toBe(1200);
    });
  });

  it('that cannot be read is not an empty one', () => {
    mkdirSync(dirname(join(root, JOURNAL)), { recursive: true });
    symlinkSync(join(root, JOURNAL), join(root, JOURNAL));
    expect(() => new FileJournal(root)).toThrow(JournalError);
  });
});
