import * as fs from 'node:fs';
import { dirname } from 'node:path';
import { JournalError } from './journal.js';

/**
 * Nothing where there is no such file. One that cannot be read is not taken for an empty one: the next write would cut
 * it off.
 */
export const readIfThere = (path: string): Buffer => {
  try {
    return fs.readFileSync(path);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return Buffer.alloc(0);
    throw new JournalError(`${path} cannot be read`, { cause: error });
  }
};

/** Writes all of `texts` from `at` on; says how many bytes. A disk that is nearly full takes a part, and only refuses the next write. */
export const writeAll = (handle: number, texts: Iterable<string>, at: number): number => {
  let total = 0;
  for (const text of texts) {
    const bytes = Buffer.from(text);
    let written = 0;
    while (written < bytes.length)
      written += fs.writeSync(handle, bytes, written, bytes.length - written, at + total + written);
    total += written;
  }
  return total;
};

/** Puts a file of `texts` in the place of the one at `path`, whole or not at all; says how many bytes it has. */
export const replaceFile = (path: string, texts: Iterable<string>): number => {
  const { O_WRONLY, O_CREAT, O_TRUNC, O_NOFOLLOW } = fs.constants;
  const written = `${path}.new`;
  const handle = fs.openSync(written, O_WRONLY | O_CREAT | O_TRUNC | O_NOFOLLOW, 0o600);
  let bytes: number;
  try {
    bytes = writeAll(handle, texts, 0);
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
  fs.renameSync(written, path);
  syncFolder(dirname(path));
  return bytes;
};

/** A new file's name is durable once its folder is. */
export const syncFolder = (folder: string): void => {
  const handle = fs.openSync(folder, fs.constants.O_RDONLY);
  try {
    fs.fsyncSync(handle);
  } finally {
    fs.closeSync(handle);
  }
};
