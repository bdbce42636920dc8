import { spawn } from 'node:child_process';
import { createInterface } from 'node:readline';

/** Of a program's output, the last lines of either stream are kept. */
const MOST_LINES = 100_000;
/** How long a program has to end once it was asked to. */
const KILL_AFTER_MS = 10_000;

export interface CommandResult {
  /** Null where a signal ended it, or it could not be started. */
  readonly exitCode: number | null;
  readonly lines: readonly string[];
  /** Why it did not end by itself, or could not be started. */
  readonly problem: string | null;
}

export interface CommandLimits {
  /** Ends the program when it aborts. */
  readonly signal: AbortSignal;
  readonly onStart?: (pid: number) => Promise<void>;
}

/** Runs a program with its arguments; no shell reads them. It gets no input, and the environment of this process. */
export const runCommand = async (
  [program = '', ...args]: readonly string[],
  { signal, onStart }: CommandLimits,
): Promise<CommandResult> => {
  const child = spawn(program, args, { stdio: ['ignore', 'pipe', 'pipe'], shell: false });
  const lines: string[] = [];
  const keep = (line: string): void => {
    lines.push(line);
    if (lines.length > MOST_LINES) lines.splice(0, MOST_LINES / 10);
  };
  createInterface({ input: child.stdout }).on('line', keep);
  createInterface({ input: child.stderr }).on('line', keep);
  let problem: string | null = null;
  let kill: NodeJS.Timeout | null = null;
  const end = (): void => {
    problem ??= signal.reason instanceof Error ? signal.reason.message : 'was stopped';
    child.kill('SIGTERM');
    kill = setTimeout(() => child.kill('SIGKILL'), KILL_AFTER_MS);
  };
  const ended = new Promise<number | null>((resolve) => {
    child.on('error', (error) => {
      problem ??= `${program} could not be started (${'code' in error ? String(error.code) : 'no code'})`;
      resolve(null);
    });
    // `close` comes once both streams are read to their end as well.
    child.on('close', (code) => resolve(code));
  });
  if (signal.aborted) end();
  else signal.addEventListener('abort', end, { once: true });
  try {
    if (child.pid !== undefined) await onStart?.(child.pid);
    return { exitCode: await ended, lines, problem };
  } finally {
    signal.removeEventListener('abort', end);
    if (kill) clearTimeout(kill);
  }
};
