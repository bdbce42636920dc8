import { EventEmitter, on, setMaxListeners } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { CHANGES_CHANNEL } from '../database/announce.js';
import { nothingWhileAway } from '../database/database-fault.js';

/** How long a listener trusts silence: a lost notification costs at most this. */
const POLL_MS = 1_000;

/** Changes of one deletion, from when it began. */
export interface Watch {
  /** Whoever watches has gone, or Sexton stops. */
  readonly isOver: boolean;
  /** Resolves when something has changed since the last time, after `ms` or a second, or when it is over. */
  next(ms: number): Promise<void>;
  end(): void;
}

/**
 * Tells which deletions changed, in any process, through PostgreSQL's LISTEN. It is a hint only: whoever waits looks
 * at the row itself, and again every second, so that a lost connection delays and never loses anything.
 */
export class DeletionChanges {
  private readonly changes = new EventEmitter().setMaxListeners(0);
  private readonly stopping = new AbortController();
  private listening: Promise<void> | null = null;

  constructor(private readonly databaseUrl: string) {
    setMaxListeners(0, this.stopping.signal);
  }

  start(): void {
    this.listening = this.listen();
  }

  /** Aborted when no more changes are told: whoever follows something ends with it. */
  get stopped(): AbortSignal {
    return this.stopping.signal;
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    await this.listening;
  }

  /**
   * Calls `look` now and after each change of the deletion until it returns something, `timeoutMs` have passed (null)
   * or `signal` is aborted (null).
   */
  async waitFor<T>(
    id: string,
    timeoutMs: number,
    signal: AbortSignal,
    look: () => Promise<T | null>,
  ): Promise<T | null> {
    const deadline = Date.now() + timeoutMs;
    const watch = this.watch(id, signal);
    try {
      for (;;) {
        const found = await look().catch(nothingWhileAway);
        const leftMs = deadline - Date.now();
        if (found !== null || leftMs <= 0 || watch.isOver) return found;
        await watch.next(leftMs);
      }
    } finally {
      watch.end();
    }
  }

  /** Notes every change of the deletion from now on, until `end`. Over when `signal` is aborted, or Sexton stops. */
  watch(id: string, signal: AbortSignal): Watch {
    let isDirty = false;
    let wake = (): void => undefined;
    const onChange = (): void => {
      isDirty = true;
      wake();
    };
    const signals = [signal, this.stopping.signal];
    this.changes.on(id, onChange);
    for (const one of signals) one.addEventListener('abort', onChange);
    return {
      get isOver() {
        return signals.some(({ aborted }) => aborted);
      },
      next: async (ms) => {
        if (!isDirty) {
          await new Promise<void>((resolve) => {
            const timer = setTimeout(resolve, Math.max(0, Math.min(POLL_MS, ms)));
            wake = () => {
              clearTimeout(timer);
              resolve();
            };
          });
        }
        isDirty = false;
      },
      end: () => {
        this.changes.off(id, onChange);
        for (const one of signals) one.removeEventListener('abort', onChange);
        wake();
      },
    };
  }

  private async listen(): Promise<void> {
    const stop = this.stopping.signal;
    while (!stop.aborted) {
      const client = new pg.Client({
        connectionString: this.databaseUrl,
        application_name: 'sexton listen',
        keepAlive: true,
      });
      const lost = new AbortController();
      client.on('error', () => lost.abort());
      client.on('end', () => lost.abort());
      try {
        await client.connect();
        await client.query(`listen ${CHANGES_CHANNEL}`);
        const either = AbortSignal.any([stop, lost.signal]);
        for await (const [message] of on(client, 'notification', { signal: either }) as AsyncIterable<
          [pg.Notification]
        >) {
          if (message.payload) this.changes.emit(message.payload);
        }
      } catch {
        // Stopped, or the connection was lost: the waiters poll meanwhile.
      }
      await client.end().catch(() => undefined);
      if (!stop.aborted) await delay(POLL_MS, undefined, { signal: stop }).catch(() => undefined);
    }
  }
}
