import { spawn, type ChildProcess } from 'node:child_process';
import { setTimeout as delay } from 'node:timers/promises';

/** A server of ours in a child process. */
export interface ChildServer {
  readonly child: ChildProcess;
  /** What it printed so far. */
  log(): string;
  /** Asks it to end, and waits until it has. */
  stop(signal?: NodeJS.Signals): Promise<void>;
}

const START_MS = 30_000;

/**
 * Starts `command` and waits until `isUp` says so; throws with its output when it ends or takes too long. A `detached`
 * one does not get the terminal's Ctrl-C: only `stop` ends it.
 */
export const startServer = async (
  command: string,
  args: readonly string[],
  isUp: () => Promise<boolean>,
  env: NodeJS.ProcessEnv = process.env,
  { detached = false, withinMs = START_MS }: { readonly detached?: boolean; readonly withinMs?: number } = {},
): Promise<ChildServer> => {
  const child = spawn(command, args, { env, stdio: ['ignore', 'pipe', 'pipe'], detached });
  const chunks: string[] = [];
  let ended: string | null = null;
  const collect = (chunk: Buffer): void => {
    chunks.push(chunk.toString());
    if (chunks.length > 2000) chunks.splice(0, 1000);
  };
  child.stdout.on('data', collect);
  child.stderr.on('data', collect);
  child.on('error', (error) => (ended = error.message));
  const exited = new Promise<void>((resolve) => {
    child.on('exit', (code, signal) => {
      ended = `it ended with ${signal ?? code}`;
      resolve();
    });
    child.on('error', () => resolve());
  });
  const log = (): string => chunks.join('');
  const stop = async (signal: NodeJS.Signals = 'SIGTERM'): Promise<void> => {
    if (ended === null) child.kill(signal);
    await exited;
  };
  const deadline = Date.now() + withinMs;
  while (!(await isUp().catch(() => false))) {
    if (ended !== null || Date.now() > deadline) {
      await stop('SIGKILL');
      throw new Error(`${command} did not start: ${ended ?? 'it took too long'}\n${log()}`);
    }
    await delay(25);
  }
  return { child, log, stop };
};
