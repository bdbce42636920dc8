import { sql } from 'kysely';
import type { ApprovalExpirer } from '../approvals/expirer.js';
import type { Db } from '../database/database.js';
import {
  parseRegistryName,
  parseRepositoryName,
  type RegistryName,
  type RepositoryName,
} from '../oci/names.js';
import type { WorkStops } from '../pause/stops.js';
import { readClaims } from './repository-claim.js';
import type { WakeUp, WakeUpQueue } from '../queue/wake-up-queue.js';

/** Rounds after which ready work that nobody has in hand must have lost its wake-up, or its worker. */
const OVERDUE_ROUNDS = 4;
/** Insisting is not deduplicated; once in this time is enough. */
const INSIST_AGAIN_MS = 60_000;

interface OpenRepository {
  readonly registry: string;
  readonly repository: string;
  readonly kind: 'plan' | 'execute';
  readonly ready_since: Date;
}

/**
 * Rings again for everything that stands open in PostgreSQL, so that no lost wake-up, flushed queue or killed process
 * leaves accepted work behind. Ringing for work in progress is harmless: the claim lets one writer in.
 */
export class Reconciler {
  private timer: NodeJS.Timeout | null = null;
  private running: Promise<void> = Promise.resolve();
  private readonly insistedAt = new Map<string, number>();

  constructor(
    private readonly db: Db,
    private readonly queue: WakeUpQueue,
    private readonly isConfigured: (registry: string) => boolean,
    private readonly stops: WorkStops,
    private readonly expirer: ApprovalExpirer,
    private readonly everyMs: number,
    private readonly onError: (error: unknown) => void,
  ) {}

  /** Rings for what is open now, then every `everyMs`. */
  start(): void {
    const tick = (): void => {
      this.running = this.reconcile()
        .then(() => undefined)
        .catch(this.onError)
        .finally(() => {
          if (this.timer) this.timer = setTimeout(tick, this.everyMs);
        });
    };
    this.timer = setTimeout(tick, 0);
  }

  async stop(): Promise<void> {
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    await this.running;
  }

  /** One round; returns how many wake-ups were rung. */
  async reconcile(now: Date = new Date()): Promise<number> {
    let rung = 0;
    await this.expirer.expire();
    const isClaimed = await readClaims(this.db);
    for (const open of await this.openRepositories(now)) {
      if (!this.isConfigured(open.registry)) continue;
      const wakeUp: WakeUp = {
        kind: open.kind,
        registry: parseRegistryName(open.registry),
        repository: parseRepositoryName(open.repository),
      };
      await this.queue.ring(wakeUp, { insist: this.mustInsist(wakeUp, open.ready_since, now, isClaimed) });
      rung += 1;
    }
    return rung;
  }

  /**
   * A killed worker's wake-up stays active in the queue until its lock runs out, and swallows every other one: where
   * nobody holds the repository, a wake-up that is not deduplicated goes past it.
   */
  private mustInsist(
    wakeUp: WakeUp,
    readySince: Date,
    now: Date,
    isClaimed: (registry: RegistryName, repository: RepositoryName) => boolean,
  ): boolean {
    if (now.getTime() - readySince.getTime() < OVERDUE_ROUNDS * this.everyMs) return false;
    if (wakeUp.kind === 'execute' && isClaimed(wakeUp.registry, wakeUp.repository)) return false;
    const key = `${wakeUp.kind} ${wakeUp.registry}/${wakeUp.repository}`;
    if (now.getTime() - (this.insistedAt.get(key) ?? 0) < INSIST_AGAIN_MS) return false;
    if (this.insistedAt.size > 10_000) this.insistedAt.clear();
    this.insistedAt.set(key, now.getTime());
    return true;
  }

  private async openRepositories(now: Date): Promise<OpenRepository[]> {
    const stops = await this.stops.look();
    const { everything, registries } = stops.stopped;
    const open = [...stops.withOpenWindow];
    // What waits for a pause's end or a window is not rung for; one that was left running has to be put back.
    // Served by the partial index deletions_open: only open deletions are in it.
    const { rows } = await sql<OpenRepository>`
      select registry, repository,
             case when state = 'planning' then 'plan' else 'execute' end as kind,
             min(greatest(created_at, coalesce(not_before, created_at), coalesce(queued_at, created_at))) as ready_since
      from deletions
      where (state in ('planning', 'queued', 'running') or restore_request is not null)
        and (not_before is null or not_before <= ${now})
        and (state = 'planning' or state = 'running'
          or (not ${everything} and registry <> all(${[...registries]})
              and (run_in = 'now' or restore_request is not null or registry = any(${open}))))
      group by 1, 2, 3
      order by 4
      limit 2000`.execute(this.db);
    return rows;
  }
}
