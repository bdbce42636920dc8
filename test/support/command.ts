import { spawn, type ChildProcess } from 'node:child_process';
import { fileURLToPath } from 'node:url';

const SEXTON = fileURLToPath(new URL('../../bin/sexton.mjs', import.meta.url));

export interface Ran {
  readonly status: number | null;
  readonly stdout: string;
  readonly stderr: string;
  /** The one JSON document on standard output. */
  json<T>(): T;
}

export interface Running {
  readonly child: ChildProcess;
  /** Resolves when standard output and error together hold `text`. */
  until(text: string): Promise<void>;
  readonly ended: Promise<Ran>;
}

type Environment = Readonly<Record<string, string>>;

/** Starts the real command; nothing of this process's environment but PATH and HOME reaches it. */
export const start = (args: readonly string[], env: Environment): Running =>
  running(process.execPath, [SEXTON, ...args], env);

/** Runs the real command on a terminal of its own (util-linux `script`), whose whole content is `stdout`. */
export const onTerminal = (args: readonly string[], env: Environment): Promise<Ran> => {
  const line = [process.execPath, SEXTON, ...args].map((word) => `'${word}'`).join(' ');
  return running('script', ['-qec', line, '/dev/null'], { TERM: 'xterm', ...env }).ended;
};

const running = (command: string, args: readonly string[], env: Environment): Running => {
  const child = spawn(command, args, {
    env: { PATH: process.env['PATH'], HOME: process.env['HOME'], ...env },
    stdio: ['ignore', 'pipe', 'pipe'],
  });
  let [stdout, stderr] = ['', ''];
  child.stdout.on('data', (chunk: Buffer) => (stdout += chunk.toString()));
  child.stderr.on('data', (chunk: Buffer) => (stderr += chunk.toString()));
  const until = (text: string): Promise<void> =>
    new Promise((resolve, reject) => {
      const look = (): void => {
        if ((stdout + stderr).includes(text)) resolve();
      };
      child.stdout.on('data', look);
      child.stderr.on('data', look);
      child.on('close', () => reject(new Error(`ended without ${text}: ${stdout}${stderr}`)));
      look();
    });
  const ended = new Promise<Ran>((resolve, reject) => {
    child.on('error', reject);
    child.on('close', (status) =>
      resolve({ status, stdout, stderr, json: <T>() => JSON.parse(stdout) as T }),
    );
  });
  return { child, until, ended };
};

export type Sexton = (...args: string[]) => Promise<Ran>;

/** The command as somebody uses it who has this key for this address. */
export const sextonAs =
  (url: string, key: string, env: Environment = {}): Sexton =>
  (...args) =>
    start(args, { SEXTON_URL: url, SEXTON_KEY: key, ...env }).ended;
