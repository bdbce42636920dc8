import { execFile } from 'node:child_process';
import { open, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';

const run = promisify(execFile);

export interface SmallDisk {
  /** Writes until nothing more goes in. */
  fill(): Promise<void>;
  /** Gives the room back. */
  empty(): Promise<void>;
  remove(): Promise<void>;
}

/** Puts a small disk (tmpfs) at `path`, or says why that is not possible here. */
export const mountSmallDisk = async (path: string, sizeMb: number): Promise<SmallDisk | string> => {
  try {
    await run('mount', ['-t', 'tmpfs', '-o', `size=${sizeMb}m,mode=755`, 'tmpfs', path]);
  } catch (error) {
    return error instanceof Error ? (error.message.split('\n').at(-2) ?? error.message) : 'mount failed';
  }
  const filler = join(path, 'filler');
  return {
    fill: async () => {
      const file = await open(filler, 'w');
      try {
        for (const size of [1 << 20, 4096]) {
          const chunk = Buffer.alloc(size, 1);
          try {
            for (;;) await file.write(chunk);
          } catch (error) {
            if (!(error instanceof Error && 'code' in error && error.code === 'ENOSPC')) throw error;
          }
        }
      } finally {
        await file.close();
      }
    },
    empty: () => rm(filler, { force: true }),
    remove: async () => {
      // Lazily: whatever still has a file open there must not keep the run from ending.
      await run('umount', ['-l', path]);
    },
  };
};
