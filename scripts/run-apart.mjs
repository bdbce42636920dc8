import { spawnSync } from 'node:child_process';
import { chmodSync, existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { prepare, provide } from './prepare.mjs';
import { runChild } from './run-child.mjs';

/**
 * Runs `program` (TypeScript) on real servers and the built Sexton, in a temporary directory of its own. However it ends,
 * nothing is left: whatever it started has this directory in its arguments or its environment, and its small disks are
 * mounted below it. Resolves to the exit status.
 */
export const runApart = async (name, program) => {
  prepare({ built: true });
  provide(['docker-registry', 'registry'], 'docker-registry');
  provide(['redis-server'], 'redis-server');
  const work = mkdtempSync(join(tmpdir(), `sexton-${name}-`));
  // PostgreSQL runs as a user of its own when this runs as root.
  chmodSync(work, 0o755);
  try {
    const args = ['--import', 'tsx', program, ...process.argv.slice(2)];
    return await runChild(process.execPath, args, { ...process.env, TMPDIR: work });
  } finally {
    const ended = spawnSync(process.execPath, [join(import.meta.dirname, 'end-processes.mjs'), work]);
    if (ended.status !== 0) process.stderr.write('some process did not end\n');
    const mounts = existsSync('/proc/mounts') ? readFileSync('/proc/mounts', 'utf8').split('\n') : [];
    for (const path of mounts
      .map((line) => line.split(' ')[1] ?? '')
      .filter((path) => path.startsWith(`${work}/`))) {
      spawnSync('umount', ['-l', path]);
    }
    rmSync(work, { recursive: true, force: true });
  }
};
