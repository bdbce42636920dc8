import { readAllClaims } from '../../database/advisory-claim.js';
import type { Db } from '../../database/database.js';
import type { RegistryName } from '../../oci/names.js';
import type { WakeUpQueue } from '../../queue/wake-up-queue.js';
import type { CollectionOptions } from '../collection-options.js';
import type { CollectionsStore } from './collections.store.js';
import { dueFor } from './may-run.js';
import type { QuarantineKeeper } from './quarantine-keeper.js';
import { collectionClaim } from './registry-claim.js';
import type { WindowOpener } from './window-opener.js';

/** Rounds after which due work that nobody has in hand must have lost its wake-up, or its worker. */
const OVERDUE_ROUNDS = 4;

/**
 * Asks for what an open window is for, and rings for what is due: a window that has opened, a wake-up that was lost, a
 * process that was killed. It only rings; whoever comes looks at the clock again. And it sends the keeper of
 * quarantines on its rounds.
 */
export class CollectionReconciler {
  private timer: NodeJS.Timeout | null = null;
  private running: Promise<void> = Promise.resolve();
  private keeping: Promise<void> | null = null;
  private readonly stopping = new AbortController();
  /** How many rounds each registry has been due with nobody at work. */
  private readonly idleRounds = new Map<string, number>();

  constructor(
    private readonly db: Db,
    private readonly store: CollectionsStore,
    private readonly queue: WakeUpQueue,
    private readonly opener: WindowOpener,
    private readonly keeper: QuarantineKeeper,
    private readonly options: ReadonlyMap<RegistryName, CollectionOptions>,
    private readonly everyMs: number,
    private readonly now: () => number,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Looks now, then every `everyMs`. */
  start(): void {
    const tick = (): void => {
      this.running = this.round()
        .catch(this.onError)
        .finally(() => {
          if (this.timer) this.timer = setTimeout(tick, this.everyMs);
        });
    };
    this.timer = setTimeout(tick, 0);
  }

  async stop(): Promise<void> {
    this.stopping.abort();
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    await this.running;
    await this.keeping;
  }

  /** A long purge must not keep the bell from ringing; where somebody was rung for, the keeper does not get in the way. */
  private keep(due: ReadonlySet<RegistryName>): void {
    this.keeping ??= this.keeper
      .round(due, this.stopping.signal)
      .catch(this.onError)
      .finally(() => {
        this.keeping = null;
      });
  }

  /** One round. */
  async round(): Promise<void> {
    for (const options of this.options.values()) await this.opener.open(options);
    const isClaimed = await readAllClaims(this.db);
    const due = new Set<RegistryName>();
    for (const row of await this.store.open(null)) {
      const options = [...this.options.values()].find(({ registry }) => registry === row.registry);
      if (options && dueFor(row, options, this.now()) !== null) due.add(options.registry);
    }
    for (const registry of this.options.keys()) {
      if (!due.has(registry) || isClaimed(collectionClaim(registry))) {
        this.idleRounds.delete(registry);
        continue;
      }
      const rounds = (this.idleRounds.get(registry) ?? 0) + 1;
      // A killed worker's wake-up stays active in the queue until its lock runs out, and swallows every other one.
      const insist = rounds >= OVERDUE_ROUNDS;
      this.idleRounds.set(registry, insist ? 0 : rounds);
      await this.queue.ring({ kind: 'collect', registry }, { insist });
    }
    this.keep(due);
  }
}
