import { setTimeout as delay } from 'node:timers/promises';
import {
  PostgresDialect,
  PostgresDriver,
  type DatabaseConnection,
  type Driver,
  type PostgresDialectConfig,
} from 'kysely';
import type pg from 'pg';
import type { Db } from './database.js';

/** PostgreSQL channel on which every change of a deletion or collection is announced, with its id. */
export const CHANGES_CHANNEL = 'sexton_deletions';

/** Announcements of one process are this far apart, in milliseconds: a burst of changes goes out in a few of them. */
const GAP_MS = 20;

/**
 * Announces in the background: the first change at once, what changes meanwhile together after the gap. A hint: it is
 * lost where the process or its database dies in between, and whoever waits looks again every second.
 */
export class Announcer {
  #ids = new Set<string>();
  #isSending = false;

  constructor(private readonly pool: Pick<pg.Pool, 'query'>) {}

  add(ids: Iterable<string>): void {
    for (const id of ids) this.#ids.add(id);
    if (!this.#isSending) void this.#send();
  }

  async #send(): Promise<void> {
    this.#isSending = true;
    while (this.#ids.size > 0) {
      const ids = [...this.#ids];
      this.#ids.clear();
      const text = 'select pg_notify($1, id) from unnest($2::text[]) as id';
      await this.pool.query(text, [CHANGES_CHANNEL, ids]).catch(() => undefined);
      await delay(GAP_MS, undefined, { ref: false });
    }
    this.#isSending = false;
  }
}

/** What the transaction under way on each connection announces once it has committed. */
const waiting = new WeakMap<DatabaseConnection, Set<string>>();
const announcers = new WeakMap<DatabaseConnection, Announcer>();

/** Tells all processes, once the transaction has committed if there is one, that something about `id` changed. */
export const announceChange = (db: Db, id: string): Promise<void> =>
  db.getExecutor().provideConnection(async (connection) => {
    if (db.isTransaction) waiting.set(connection, (waiting.get(connection) ?? new Set<string>()).add(id));
    else announcers.get(connection)?.add([id]);
  });

/**
 * Announces after the commit, in a transaction of its own. NOTIFY within the work's transaction would let only one commit
 * at a time through, each with its own wait for the disk: PostgreSQL holds a lock over all databases from before such a
 * commit until after it (async.c, PreCommit_Notify; measured: 330 accepted requests a second, at 2,800 bare ones of the
 * same rows).
 */
class AnnouncingDriver extends PostgresDriver {
  readonly #announcer: Announcer;

  constructor(config: PostgresDialectConfig, announcer: Announcer) {
    super(config);
    this.#announcer = announcer;
  }

  override async acquireConnection(): Promise<DatabaseConnection> {
    const connection = await super.acquireConnection();
    announcers.set(connection, this.#announcer);
    return connection;
  }

  override async commitTransaction(connection: DatabaseConnection): Promise<void> {
    const ids = take(connection);
    await super.commitTransaction(connection);
    if (ids) this.#announcer.add(ids);
  }

  override async rollbackTransaction(connection: DatabaseConnection): Promise<void> {
    take(connection);
    await super.rollbackTransaction(connection);
  }
}

const take = (connection: DatabaseConnection): Set<string> | undefined => {
  const ids = waiting.get(connection);
  waiting.delete(connection);
  return ids;
};

/** PostgreSQL, with announcements. */
export class AnnouncingDialect extends PostgresDialect {
  readonly #config: PostgresDialectConfig;
  readonly #announcer: Announcer;

  constructor(config: PostgresDialectConfig, announcer: Announcer) {
    super(config);
    this.#config = config;
    this.#announcer = announcer;
  }

  override createDriver(): Driver {
    return new AnnouncingDriver(this.#config, this.#announcer);
  }
}
