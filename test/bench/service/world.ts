import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { createDatabase, createPool } from '../../../src/database/database.js';
import { startEmbeddedPostgres } from '../../../src/database/embedded-postgres.js';
import { migrateToLatest } from '../../../src/database/migrate.js';
import { startRedis } from '../../../tools/redis-server.js';
import { startRegistry, type RegistryServer } from '../../../tools/registry-server.js';
import { installGateway, type GatewayProcess, type Installation } from '../../support/gateway-process.js';

/** What every measurement runs against: real servers, each a process of its own. */
export interface World {
  readonly registry: RegistryServer;
  readonly databaseUrl: string;
  readonly redisUrl: string;
  readonly installation: Installation;
  readonly gateway: GatewayProcess;
}

/** PostgreSQL and Redis as an installation has them: synchronous commits, an append-only file. */
export const inWorld = async <T>(
  work: (world: World) => Promise<T>,
  options: {
    readonly registry?: Readonly<Record<string, unknown>>;
    /** Instead of it, given the directory of the registry's files: fills it, and says more of its entry. */
    readonly fill?: (storageDir: string) => Readonly<Record<string, unknown>>;
    readonly registryUrl?: (real: string) => string;
    readonly args?: readonly string[];
    readonly nodeOptions?: string;
    readonly env?: Readonly<Record<string, string>>;
  } = {},
): Promise<T> => {
  const home = await mkdtemp(join(tmpdir(), 'sexton-bench-'));
  const postgres = await startEmbeddedPostgres(home);
  const redis = await startRedis({ appendOnly: true });
  const registry = await startRegistry();
  try {
    const db = createDatabase(createPool(postgres.url, 2));
    await migrateToLatest(db);
    await db.destroy();
    const installation = await installGateway({
      registryUrl: options.registryUrl?.(registry.url) ?? registry.url,
      databaseUrl: postgres.url,
      redisUrl: redis.url,
      registry: options.fill?.(registry.storageDir) ?? options.registry ?? {},
      ...(options.nodeOptions !== undefined && { nodeOptions: options.nodeOptions }),
      ...(options.env !== undefined && { env: options.env }),
    });
    const gateway = await installation.start(options.args);
    try {
      return await work({
        registry,
        databaseUrl: postgres.url,
        redisUrl: redis.url,
        installation,
        gateway,
      });
    } finally {
      await gateway.server.stop();
      await installation.remove();
    }
  } finally {
    await registry.stop();
    await redis.stop();
    await postgres.stop();
    await rm(home, { recursive: true, force: true });
  }
};
