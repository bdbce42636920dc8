import { EXIT } from '../exit-codes.js';
import { RemoteError } from './remote-error.js';

/**
 * How long somebody waits: until `--timeout`, or Ctrl-C. Either ends the waiting and not what is waited for; the error
 * says how to look again.
 */
export class Patience {
  private readonly waiting = new AbortController();
  private readonly timer: NodeJS.Timeout | undefined;
  private hint = 'Whether it was accepted is not known; look at the list before you ask again.';
  private instance: string | undefined;

  constructor(timeoutMs: number | undefined) {
    if (timeoutMs !== undefined) {
      this.timer = setTimeout(
        () => this.leave('timed_out', 'The time of --timeout is over.', EXIT.timedOut),
        Math.min(timeoutMs, 2 ** 31 - 1),
      );
    }
    process.once('SIGINT', this.onInterrupt);
  }

  get signal(): AbortSignal {
    return this.waiting.signal;
  }

  /** What to tell somebody who leaves from now on. */
  lookAgainWith(hint: string, instance?: string): void {
    this.hint = hint;
    this.instance = instance;
  }

  end(): void {
    clearTimeout(this.timer);
    process.off('SIGINT', this.onInterrupt);
  }

  private readonly onInterrupt = (): void => this.leave('interrupted', 'Left.', EXIT.interrupted);

  private leave(code: string, what: string, exitCode: 9 | 130): void {
    const about = this.instance === undefined ? {} : { instance: this.instance };
    this.waiting.abort(new RemoteError(code, `${what} ${this.hint}`, exitCode, about));
  }
}

/** Runs `work` with patience, and lets go of the terminal's Ctrl-C afterwards. */
export const withPatience = async <T>(
  timeoutMs: number | undefined,
  work: (patience: Patience) => Promise<T>,
): Promise<T> => {
  const patience = new Patience(timeoutMs);
  try {
    return await work(patience);
  } finally {
    patience.end();
  }
};
