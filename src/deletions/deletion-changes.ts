import { EventEmitter, on, once } from 'node:events';
import { setTimeout as delay } from 'node:timers/promises';
import pg from 'pg';
import { CHANGES_CHANNEL } from '../database/announce.js';
import { databaseFault } from '../database/database-fault.js';

/** A database that is away for a moment is looked at again, like a change that did not come; other errors are the caller's. */
const nothingWhileAway = (error: unknown): null => {
  if (databaseFault(error)) return null;
  throw error;
};

/** How long a listener trusts silence: a lost notification costs at most this. */
const POLL_MS = 1_000;

/**
 * Tells which deletions changed, in any process, through PostgreSQL's LISTEN. It is a hint only: whoever waits looks
 * at the row itself, and again every second, so that a lost connection delays and never loses anything.
 */
export class DeletionChanges {
  private readonly changes = new EventEmitter().setMaxListeners(0);
  private readonly stopping = new AbortController();
  private listening: Promise<void> | null = null;

  constructor(private readonly databaseUrl: string) {}

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
    for (;;) {
      const wake = this.nextChange(id, Math.max(0, Math.min(POLL_MS, deadline - Date.now())), signal);
      const found = await look().catch(nothingWhileAway);
      if (found !== null) {
        wake.cancel();
        return found;
      }
      if (Date.now() >= deadline || signal.aborted || this.stopping.signal.aborted) {
        wake.cancel();
        return null;
      }
      await wake.done;
    }
  }

  /** Resolves at the next change of the deletion, after `ms`, or when `signal` is aborted; registered at once. */
  private nextChange(
    id: string,
    ms: number,
    signal: AbortSignal,
  ): { done: Promise<void>; cancel: () => void } {
    const ended = new AbortController();
    const any = AbortSignal.any([ended.signal, signal, this.stopping.signal]);
    const done = Promise.race([
      once(this.changes, id, { signal: any }),
      delay(ms, undefined, { signal: any, ref: false }),
    ])
      .catch(() => undefined)
      .then(() => ended.abort());
    return { done, cancel: () => ended.abort() };
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
