import { execFileSync } from 'node:child_process';
import { existsSync, readFileSync, readdirSync } from 'node:fs';
import { setTimeout as delay } from 'node:timers/promises';

/**
 * Ends every process that has the given text, a run's own temporary directory, in its environment or its arguments.
 * That finds what a process group does not: PostgreSQL detaches itself, and a killed parent leaves orphans.
 */
const [marker = ''] = process.argv.slice(2);
if (marker.length < 8) throw new Error('which processes?');

const read = (path) => {
  try {
    return readFileSync(path, 'latin1');
  } catch {
    return ''; // It ended meanwhile, or is not ours to read.
  }
};

const marked = () => {
  if (existsSync('/proc/self/environ')) {
    return readdirSync('/proc')
      .filter((name) => /^\d+$/.test(name) && Number(name) !== process.pid)
      .filter((pid) => ['environ', 'cmdline'].some((file) => read(`/proc/${pid}/${file}`).includes(marker)))
      .map(Number);
  }
  const lines = execFileSync('ps', ['-axo', 'pid=,command='], { encoding: 'utf8' }).split('\n');
  const pids = lines.filter((line) => line.includes(marker)).map((line) => Number.parseInt(line, 10));
  return pids.filter((pid) => pid !== process.pid);
};

/** True once none is left. */
const ended = async (withinMs) => {
  for (const deadline = Date.now() + withinMs; Date.now() < deadline; await delay(50)) {
    if (marked().length === 0) return true;
  }
  return false;
};

const signal = (name) => {
  for (const pid of marked()) {
    try {
      process.kill(pid, name);
    } catch {
      // It ended meanwhile.
    }
  }
};

// A moment for what is ending already, then politely: a gateway stops its own PostgreSQL. Twice, for what it leaves.
const gone =
  (await ended(500)) ||
  (signal('SIGTERM'), await ended(10_000)) ||
  (signal('SIGINT'), await ended(5_000)) ||
  (signal('SIGKILL'), await ended(5_000));
process.exit(gone ? 0 : 1);
