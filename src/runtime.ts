import { hostname } from 'node:os';
import type pg from 'pg';
import { readApprovals } from './approvals/approvals-reading.js';
import { unsignedEvents } from './audit/checkpoint.store.js';
import { forwardingLag } from './audit/forwarding/forward-batch.store.js';
import { sealingLag } from './audit/seal-batch.store.js';
import { readCollections } from './collections/service/collections-reading.js';
import type { Config } from './config/config.js';
import { connectFirst, createDatabase, createPool, type Db } from './database/database.js';
import { startEmbeddedPostgres, type EmbeddedPostgres } from './database/embedded-postgres.js';
import { migrateToLatest } from './database/migrate.js';
import { DeletionChanges } from './deletions/deletion-changes.js';
import { readQueue } from './deletions/queue-reading.js';
import { RateLimits } from './identity/rate-limit/rate-limits.js';
import type { RegistryName } from './oci/names.js';
import { readStops } from './pause/stops-reading.js';
import { undelivered } from './notifications/webhooks/webhooks.store.js';
import { createWakeUpQueue } from './queue/create-queue.js';
import { openRedis } from './queue/redis.js';
import { redisWarnings } from './queue/redis-settings.js';
import type { WakeUpQueue } from './queue/wake-up-queue.js';
import { createRegistry } from './registries/create-registry.js';
import { Registries } from './registries/registries.js';
import type { ExchangeObserver } from './registries/upstream/observed-exchange.js';
import { FaultLog } from './telemetry/fault-log.js';
import type { Logger } from './telemetry/logger.js';
import { Metrics } from './telemetry/metrics.js';
import { NO_TRACING, type Tracing } from './telemetry/tracing/tracing.js';
import { observeUpstream } from './telemetry/upstream-observer.js';

/** Connections beside the one that each claimed repository, and each forwarding, holds. */
const SPARE_CONNECTIONS = 10;

/** A request does not wait longer for Redis to count it, in milliseconds. */
const RATE_LIMIT_MS = 500;

/** Everything that Sexton holds open while it runs; opened in order, closed in the opposite one. */
export interface Runtime {
  readonly config: Config;
  readonly log: Logger;
  readonly pool: pg.Pool;
  readonly db: Db;
  readonly queue: WakeUpQueue;
  readonly rateLimits: RateLimits;
  readonly registries: Registries;
  /** Sees every exchange with a registry, whoever sends it. */
  readonly observe: (registry: RegistryName) => ExchangeObserver;
  readonly changes: DeletionChanges;
  readonly metrics: Metrics;
  readonly tracing: Tracing;
  /** The time, in milliseconds since 1970: by it windows open, and what waits grows old enough. */
  readonly now: () => number;
  /** Names this process in the audit log. */
  readonly worker: string;
  close(): Promise<void>;
}

/** Opens the database (starting the embedded one where none is configured), the queue and the registries. */
export const openRuntime = async (
  config: Config,
  log: Logger,
  now: () => number = Date.now,
  tracing: Tracing = NO_TRACING,
): Promise<Runtime> => {
  const embedded = config.databaseUrl === null ? await startEmbeddedPostgres(config.dataDir) : null;
  try {
    return await open(config, log, embedded, now, tracing);
  } catch (error) {
    await embedded?.stop();
    throw error;
  }
};

const open = async (
  config: Config,
  log: Logger,
  embedded: EmbeddedPostgres | null,
  now: () => number,
  tracing: Tracing,
): Promise<Runtime> => {
  const databaseUrl = embedded?.url ?? config.databaseUrl ?? '';
  const options = [...config.registries.values()];
  const claims = options.reduce((sum, registry) => sum + registry.maxConcurrentRepositories, 0);
  const pool = createPool(
    databaseUrl,
    claims + config.collections.size + SPARE_CONNECTIONS + config.audit.forward.length,
  );
  const db = createDatabase(pool);
  if (embedded === null) await connectFirst(pool);
  await migrateToLatest(db);
  const metrics = new Metrics();
  // First: the readings below take connections themselves.
  metrics.process.watchPool(pool);
  metrics.watchQueue(() => readQueue(db));
  metrics.watchSealing(() => sealingLag(db));
  const names = options.map(({ name }) => name);
  metrics.installation.watchStops(() => readStops(db, names));
  metrics.installation.watchApprovals(() => readApprovals(db));
  metrics.installation.watchCollections(() => readCollections(db));
  metrics.watchWebhooks(() => undelivered(db));
  const { forward, signingKey } = config.audit;
  if (signingKey !== null) metrics.watchSigning(() => unsignedEvents(db));
  const destinations = forward.map(({ name }) => name);
  if (destinations.length > 0) metrics.watchForwarding(() => forwardingLag(db, destinations));
  const queue = createWakeUpQueue(
    { redisUrl: config.redisUrl, databaseUrl },
    new FaultLog(log, 'the queue reports a fault').report,
  );
  const redis =
    config.redisUrl === null
      ? null
      : openRedis(config.redisUrl, new FaultLog(log, 'rate limits are counted by process').report, {
          commandTimeout: RATE_LIMIT_MS,
        });
  const observe = observeUpstream(metrics, tracing);
  const registries = new Registries(
    options.map((registry) => createRegistry(registry, observe(registry.name))),
  );
  if (config.redisUrl !== null) warnOfSettings(config.redisUrl, log);
  const changes = new DeletionChanges(databaseUrl);
  changes.start();
  return {
    config,
    log,
    pool,
    db,
    queue,
    rateLimits: new RateLimits(config.rateLimit, redis),
    registries,
    observe,
    changes,
    metrics,
    tracing,
    now,
    worker: `${hostname()}/${process.pid}`,
    close: async () => {
      await changes.stop();
      redis?.disconnect();
      await registries.close();
      await db.destroy();
      await embedded?.stop();
      await tracing.close().catch(() => undefined);
    },
  };
};

/** Looks beside the start, which must not wait for it. */
const warnOfSettings = (url: string, log: Logger): void => {
  redisWarnings(url)
    .then((warnings) => {
      for (const { setting, advice } of warnings) {
        log.warn({ setting, advice }, 'Redis may lose wake-ups');
      }
    })
    .catch((error: unknown) => log.warn({ err: error }, 'the settings of Redis could not be looked at'));
};
