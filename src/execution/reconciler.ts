import { sql } from 'kysely';
import type { Db } from '../database/database.js';
import { parseRegistryName, parseRepositoryName } from '../oci/names.js';
import type { WakeUp, WakeUpQueue } from '../queue/wake-up-queue.js';

/** Work that waited this long although it was ready has lost its wake-up, or the queue lost a job but not its mark. */
const OVERDUE_MS = 60_000;

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
    for (const open of await this.openRepositories(now)) {
      if (!this.isConfigured(open.registry)) continue;
      const wakeUp: WakeUp = {
        kind: open.kind,
        registry: parseRegistryName(open.registry),
        repository: parseRepositoryName(open.repository),
      };
      await this.queue.ring(wakeUp, { insist: this.mustInsist(wakeUp, open.ready_since, now) });
      rung += 1;
    }
    return rung;
  }

  private mustInsist(wakeUp: WakeUp, readySince: Date, now: Date): boolean {
    if (now.getTime() - readySince.getTime() < OVERDUE_MS) return false;
    const key = `${wakeUp.kind} ${wakeUp.registry}/${wakeUp.repository}`;
    if (now.getTime() - (this.insistedAt.get(key) ?? 0) < OVERDUE_MS) return false;
    if (this.insistedAt.size > 10_000) this.insistedAt.clear();
    this.insistedAt.set(key, now.getTime());
    return true;
  }

  private async openRepositories(now: Date): Promise<OpenRepository[]> {
    // Served by the partial index deletions_open: only open deletions are in it.
    const { rows } = await sql<OpenRepository>`
      select registry, repository,
             case when state = 'planning' then 'plan' else 'execute' end as kind,
             min(greatest(created_at, coalesce(not_before, created_at), coalesce(queued_at, created_at))) as ready_since
      from deletions
      where state in ('planning', 'queued', 'running') and (not_before is null or not_before <= ${now})
      group by 1, 2, 3
      order by 4
      limit 2000`.execute(this.db);
    return rows;
  }
}
