import { databaseFault } from '../database/database-fault.js';
import type { DeletionRow } from '../deletions/deletion-view.js';
import { SextonError } from '../errors/sexton-error.js';
import { parseRegistryName, parseRepositoryName } from '../oci/names.js';
import type { WakeUpKind, WakeUpQueue } from '../queue/wake-up-queue.js';
import type { WorkStops } from '../pause/stops.js';
import { isLeftAlone } from '../registries/upstream/patience.js';
import { nextAttemptAt } from './backoff.js';

interface Limits {
  readonly planAttempts: number;
  readonly targetAttempts: number;
  readonly retryBaseMs: number;
  readonly retryMaxMs: number;
}

/** When to try again, with how many attempts counted then; null: not again. */
export interface Retry {
  readonly retryAt: Date | null;
  readonly attempts: number;
}

/** Whether and when to try again: only where the error says that trying again can help, and not for ever. */
export class RetryPolicy {
  constructor(
    private readonly limits: Limits,
    private readonly onQueueError: (error: unknown) => void,
    private readonly now: () => Date = () => new Date(),
    private readonly random: () => number = Math.random,
  ) {}

  /** `attempts` is how many have failed before this one. */
  decide(error: SextonError, attempts: number, kind: WakeUpKind): Retry {
    // Says nothing about the registry or the deletion, so it uses up no attempt: a full disk fails nobody's work.
    if (error.code === 'database_unavailable') {
      return {
        attempts,
        retryAt: nextAttemptAt(1, this.now(), this.limits, error.retryAfterMs, this.random()),
      };
    }
    const most = kind === 'plan' ? this.limits.planAttempts : this.limits.targetAttempts;
    if (!error.canRetry || attempts + 1 >= most) return { retryAt: null, attempts: attempts + 1 };
    return {
      attempts: attempts + 1,
      retryAt: nextAttemptAt(attempts + 1, this.now(), this.limits, error.retryAfterMs, this.random()),
    };
  }

  /**
   * Parks the registry where its circuit is open, and says until when: nothing was tried, so no attempt is counted, and
   * what else waits for this registry burns none either. Null where the error is another one.
   */
  async parkWhereLeftAlone(stops: WorkStops, registry: string, error: SextonError): Promise<Date | null> {
    if (!isLeftAlone(error)) return null;
    const until = new Date(this.now().getTime() + (error.retryAfterMs ?? this.limits.retryBaseMs));
    await stops.park(registry, error.message, until);
    return until;
  }

  /** Rings for a deletion's repository; a queue that is down is the reconciler's business, not the work's. */
  async ring(queue: WakeUpQueue, kind: WakeUpKind, row: DeletionRow): Promise<void> {
    try {
      await queue.ring({
        kind,
        registry: parseRegistryName(row.registry),
        repository: parseRepositoryName(row.repository),
      });
    } catch (error) {
      this.onQueueError(error);
    }
  }
}

/** What is not ours to name is an internal error: reported in the log, never shown with its text. */
export const asSextonError = (thrown: unknown, onUnexpected: (thrown: unknown) => void): SextonError => {
  if (thrown instanceof SextonError) return thrown;
  const fault = databaseFault(thrown);
  if (fault) return fault;
  onUnexpected(thrown);
  return new SextonError('internal_error', { cause: thrown });
};
