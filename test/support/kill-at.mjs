// Loaded before a command (node --import): ends the process with SIGKILL in place of its nth change of a file, and
// where that is a write, after half of it. KILL_AT says which; the changes before have happened, none after has.
import fs from 'node:fs';
import { syncBuiltinESMExports } from 'node:module';

const killAt = Number(process.env['KILL_AT'] ?? 0);
let changes = 0;

const die = () => process.kill(process.pid, 'SIGKILL');

for (const name of [
  'renameSync',
  'linkSync',
  'unlinkSync',
  'rmdirSync',
  'rmSync',
  'mkdirSync',
  'writeFileSync',
  'ftruncateSync',
]) {
  const change = fs[name];
  fs[name] = (...args) => {
    if ((changes += 1) === killAt) die();
    return change(...args);
  };
}

const write = fs.writeSync;
fs.writeSync = (handle, bytes, offset = 0, length = bytes.byteLength - offset, position = null) => {
  // Standard output and error are not the storage.
  if (handle > 2 && (changes += 1) === killAt) {
    write(handle, bytes, offset, Math.floor(length / 2), position);
    die();
  }
  return write(handle, bytes, offset, length, position);
};

syncBuiltinESMExports();
