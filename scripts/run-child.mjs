import { spawn } from 'node:child_process';
import { root } from './prepare.mjs';

/** Runs `command` in this one's place: same input and output, signals passed on; resolves to its exit status. */
export const runChild = (command, args, env = process.env) =>
  new Promise((done, failed) => {
    const child = spawn(command, args, { cwd: root, stdio: 'inherit', env });
    const pass = (signal) => child.kill(signal);
    // A terminal sends Ctrl-C to the child as well: passing it on is harmless, dying before the child is not.
    process.on('SIGINT', () => undefined);
    process.on('SIGTERM', pass);
    process.on('SIGHUP', pass);
    child.on('error', failed);
    child.on('exit', (code, signal) => done(signal ? 1 : (code ?? 1)));
  });
