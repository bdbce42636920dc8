import fs, { mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { FileJournal, JournalError } from '../../src/collections/engine/file-journal.js';
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

  it('that cannot be read is not an empty one', () => {
    mkdirSync(dirname(join(root, JOURNAL)), { recursive: true });
    symlinkSync(join(root, JOURNAL), join(root, JOURNAL));
    expect(() => new FileJournal(root)).toThrow(JournalError);
  });
});
