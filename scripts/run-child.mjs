import { spawn } from 'node:child_process';
import { constants } from 'node:os';
import { root } from './prepare.mjs';

/** Runs `command` in this one's place: same input and output, signals passed on; resolves to its exit status. */
export const runChild = (command, args, env = process.env) =>
  new Promise((done, failed) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', env });
    const pass = (signal) => child.kill(signal);
    // A terminal sends Ctrl-C to the child by itself, and a second one would tell it to hurry.
    process.on('SIGINT', () => process.stdin.isTTY || pass('SIGINT'));
    process.on('SIGTERM', pass);
    process.on('SIGHUP', pass);
    child.on('error', failed);
    child.on('exit', (code, signal) => done(signal ? 128 + constants.signals[signal] : code));
  });
