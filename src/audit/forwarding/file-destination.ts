import { open, type FileHandle } from 'node:fs/promises';
import { recordLine } from '../evidence-records.js';
import type { Destination, ForwardedRecord } from './destination.js';

/**
 * Appends NDJSON lines to a file. It is opened anew each time, so that it can be moved away at any moment, and only ever
 * appended to, so that it may be an append-only one.
 */
export class FileDestination implements Destination {
  constructor(
    readonly name: string,
    private readonly path: string,
  ) {}

  async deliver(records: readonly ForwardedRecord[]): Promise<void> {
    const file = await open(this.path, 'a+', 0o600);
    try {
      const start = (await endsInsideLine(file)) ? '\n' : '';
      await file.appendFile(start + records.map(recordLine).join(''), 'utf8');
      await file.datasync();
    } finally {
      await file.close();
    }
  }
}

/** After a crash in the middle of a write; what that line was meant to hold comes again. */
const endsInsideLine = async (file: FileHandle): Promise<boolean> => {
  const { size } = await file.stat();
  if (size === 0) return false;
  const { buffer } = await file.read(Buffer.alloc(1), 0, 1, size - 1);
  return buffer[0] !== 0x0a;
};
