import { sql } from 'kysely';
import type { AuditLog } from '../audit/audit-log.js';
import { SEXTON_ITSELF } from '../audit/configuration-changes.js';
import type { Db } from '../database/database.js';
import type { WindowRules } from '../collections/windows/rules.js';
import { isOpen } from '../collections/windows/open.js';
import { parkedFor, registryWaitsFor, windowWaitsFor, type Stops, type Waiting } from './waiting.js';

/** A deletion, as far as waiting goes. */
export interface Waiter {
  readonly registry: string;
  readonly run_in: 'now' | 'window';
}

/** What stands in the way of work at one moment. */
export class StopsNow {
  constructor(
    private readonly stops: Stops,
    private readonly windows: ReadonlyMap<string, WindowRules>,
  ) {}

  /** What all work of the registry waits for; null where it may go on. */
  ofRegistry(registry: string): Waiting | null {
    return registryWaitsFor(this.stops, registry);
  }

  /** Whether the registry is left alone because it failed so often. */
  isParked(registry: string): boolean {
    return parkedFor(this.stops, registry) !== null;
  }

  /** What the deletion waits for; null where it may go on. */
  of({ registry, run_in }: Waiter): Waiting | null {
    const waiting = this.ofRegistry(registry);
    if (waiting !== null || run_in === 'now') return waiting;
    return windowWaitsFor(this.windows.get(registry) ?? null, this.stops.atMs);
  }

  isWindowOpen(registry: string): boolean {
    const rules = this.windows.get(registry);
    return rules !== undefined && isOpen(rules, this.stops.atMs);
  }

  /** Names of registries whose work waits; `everything` for a pause of all. */
  get stopped(): { readonly everything: boolean; readonly registries: readonly string[] } {
    const { pauses, parkings } = this.stops;
    return {
      everything: pauses.some(({ registry }) => registry === null),
      registries: [
        ...pauses.flatMap(({ registry }) => registry ?? []),
        ...parkings.map(({ registry }) => registry),
      ],
    };
  }

  get withOpenWindow(): readonly string[] {
    return [...this.windows.keys()].filter((registry) => this.isWindowOpen(registry));
  }
}

/** Tells what work waits for: an operator's pause, a registry that does not answer, or a window. */
export class WorkStops {
  constructor(
    private readonly db: Db,
    private readonly windows: ReadonlyMap<string, WindowRules>,
    private readonly now: () => number,
    private readonly worker: string,
    private readonly audit: AuditLog,
  ) {}

  /** As it is now. `db` is the connection to ask on. */
  async look(db: Db = this.db): Promise<StopsNow> {
    // In one statement: it is asked before every target.
    const rows = await db
      .selectFrom('parked_registries')
      .select([
        sql<string | null>`null`.as('id'),
        sql<string | null>`registry`.as('registry'),
        'reason',
        'since',
        sql<string | null>`null`.as('created_by_id'),
        sql<string | null>`null`.as('created_by_name'),
        sql<Date | null>`until`.as('until'),
      ])
      .where('until', '>', new Date())
      .unionAll(
        db
          .selectFrom('pauses')
          .select(['id', 'registry', 'reason', 'created_at as since', 'created_by_id', 'created_by_name'])
          .select(sql<Date | null>`null`.as('until'))
          .where('ended_at', 'is', null),
      )
      .execute();
    const stops = {
      atMs: this.now(),
      pauses: rows
        .flatMap(({ id, registry, reason, since, created_by_id, created_by_name }) =>
          id === null
            ? []
            : [{ id, registry, reason, since, by: { id: created_by_id ?? '', name: created_by_name ?? '' } }],
        )
        .sort((one, other) => (one.id < other.id ? -1 : 1)),
      parkings: rows
        .flatMap(({ registry, reason, since, until }) =>
          registry === null || until === null ? [] : [{ registry, message: reason, since, until }],
        )
        .sort((one, other) => one.since.getTime() - other.since.getTime()),
    };
    return new StopsNow(stops, this.windows);
  }

  windowOf(registry: string): WindowRules | null {
    return this.windows.get(registry) ?? null;
  }

  get nowMs(): number {
    return this.now();
  }

  /**
   * Leaves a registry alone until `until`, in all processes. Where it was left alone just before, by any of them, `since`
   * stays and the audit log has it already.
   */
  async park(registry: string, reason: string, until: Date): Promise<void> {
    const now = new Date();
    const recently = new Date(now.getTime() - SAME_FAILURE_MS);
    await this.db.transaction().execute(async (tx) => {
      // The workers of several repositories find out at the same moment: one of them tells.
      await sql`select pg_advisory_xact_lock(${PARKING_LOCKS}::int, hashtext(${registry}))`.execute(tx);
      const known = await tx
        .selectFrom('parked_registries')
        .select('registry')
        .where('registry', '=', registry)
        .where('until', '>', recently)
        .limit(1)
        .executeTakeFirst();
      await this.upsertParked(tx, registry, reason, { now, recently, until });
      if (known) return;
      await this.audit.record(tx, {
        action: 'registry.parked',
        outcome: 'failed',
        actor: SEXTON_ITSELF,
        registry,
        details: { message: reason, until: until.toISOString(), worker: this.worker },
      });
    });
  }

  private async upsertParked(
    db: Db,
    registry: string,
    reason: string,
    { now, recently, until }: { readonly now: Date; readonly recently: Date; readonly until: Date },
  ): Promise<void> {
    await db
      .insertInto('parked_registries')
      .values({ registry, worker: this.worker, reason, since: now, until })
      .onConflict((conflict) =>
        conflict.columns(['registry', 'worker']).doUpdateSet((eb) => ({
          until,
          reason,
          since: eb
            .case()
            .when('parked_registries.until', '>', recently)
            .then(eb.ref('parked_registries.since'))
            .else(now)
            .end(),
        })),
      )
      .execute();
  }
}

/** Beside the locks of the audit log: one key a registry. */
const PARKING_LOCKS = 0x5e8a;

/** A registry that is parked again within this time never came back in between. */
const SAME_FAILURE_MS = 60_000;
