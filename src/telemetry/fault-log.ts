import type { Logger } from './logger.js';

/** After this long without a fault it is over. */
const QUIET_MS = 30_000;
/** How often one that goes on is told again. */
const AGAIN_MS = 300_000;
/** Different faults of one outage that are told apart. */
const MOST_KINDS = 20;

/**
 * Tells a log of an outage that is reported over and over, as by each try to connect: each kind of fault once, again
 * every five minutes that it lasts, and that it is over.
 */
export class FaultLog {
  private readonly kinds = new Set<string>();
  private faults = 0;
  private toldMs = 0;
  private quiet: NodeJS.Timeout | null = null;

  constructor(
    private readonly log: Logger,
    private readonly message: string,
    private readonly level: 'warn' | 'error' = 'warn',
  ) {}

  readonly report = (error: unknown): void => {
    this.faults += 1;
    const kind = kindOf(error);
    const isNew = !this.kinds.has(kind) && this.kinds.size < MOST_KINDS;
    if (isNew || Date.now() - this.toldMs >= AGAIN_MS) {
      this.kinds.add(kind);
      this.toldMs = Date.now();
      this.log[this.level]({ err: error, faults: this.faults }, this.message);
    }
    if (this.quiet) this.quiet.refresh();
    else this.quiet = setTimeout(() => this.end(), QUIET_MS).unref();
  };

  private end(): void {
    this.log.info({ faults: this.faults }, `${this.message}: not any more`);
    this.quiet = null;
    this.faults = 0;
    this.kinds.clear();
  }
}

const kindOf = (error: unknown): string => {
  if (!(error instanceof Error)) return String(error);
  return 'code' in error && typeof error.code === 'string' ? error.code : error.message;
};
