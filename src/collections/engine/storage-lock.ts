import * as fs from 'node:fs';
import { hostname } from 'node:os';
import { join } from 'node:path';
import { OWN } from '../../storage/layout.js';

/** Another process changes this storage. */
export class StorageLockedError extends Error {
  override readonly name = 'StorageLockedError';
}

const isAlive = (pid: number): boolean => {
  try {
    process.kill(pid, 0);
    return true;
  } catch (error) {
    return !(error instanceof Error && 'code' in error && error.code === 'ESRCH');
  }
};

const OURS = `${process.pid} ${hostname()}\n`;

const isOurs = (path: string): boolean => {
  try {
    return fs.readFileSync(path, 'utf8') === OURS;
  } catch {
    return false;
  }
};

/** Linked to its name only when it is whole: a lock that does not name its holder could never be taken over. */
const makeLock = (path: string): boolean => {
  const whole = `${path}.${process.pid}`;
  fs.writeFileSync(whole, OURS, { mode: 0o600 });
  try {
    fs.linkSync(whole, path);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'EEXIST') return false;
    throw error;
  } finally {
    fs.unlinkSync(whole);
  }
};

/**
 * Only one process may change a storage at a time. The lock names its holder; one whose process is gone from this very
 * host is taken over. (With a server, the lock is PostgreSQL's.)
 */
export const withLock = async <T>(root: string, work: () => Promise<T>): Promise<T> => {
  const path = join(root, OWN, 'lock');
  fs.mkdirSync(join(root, OWN), { recursive: true });
  if (!makeLock(path)) {
    const [pid, host] = fs.readFileSync(path, 'utf8').trim().split(' ');
    if (host !== hostname() || pid === undefined || isAlive(Number(pid))) {
      throw new StorageLockedError(
        `${path} is held by process ${pid} on ${host}; remove it if that is not sexton`,
      );
    }
    // Renamed first, then looked at: of two who find the same dead holder, one may meet the other's new lock.
    const stale = `${path}.${process.pid}.stale`;
    fs.renameSync(path, stale);
    if (!fs.readFileSync(stale, 'utf8').startsWith(`${pid} `)) {
      fs.renameSync(stale, path);
      throw new StorageLockedError(`${path} was taken by another process just now`);
    }
    fs.unlinkSync(stale);
    if (!makeLock(path)) throw new StorageLockedError(`${path} was taken by another process just now`);
  }
  try {
    return await work();
  } finally {
    // Who was taken for dead meanwhile leaves the lock of the one who came after.
    if (isOurs(path)) fs.rmSync(path, { force: true });
  }
};
