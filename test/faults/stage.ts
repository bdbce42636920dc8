import { cp, mkdir, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import fc from 'fast-check';
import type pg from 'pg';
import { createPool } from '../../src/database/database.js';
import { startPostgres, type PostgresServer } from '../../tools/postgres-server.js';
import { startRedis, type RedisServer } from '../../tools/redis-server.js';
import { startRegistry, type RegistryServer } from '../../tools/registry-server.js';
import { mountSmallDisk, type SmallDisk } from './disk.js';
import { startFleet, type Fleet, type FleetOptions } from './fleet.js';
import { startRegistryLink, type RegistryLink } from './registry-link.js';

/** Everything that one run is played on: real servers and processes, new for each seed. */
export interface Stage {
  readonly home: string;
  readonly fleet: Fleet;
  readonly redis: RedisServer;
  readonly postgres: PostgresServer;
  readonly registry: RegistryServer;
  readonly link: RegistryLink;
  /** Null where none can be mounted. */
  readonly disk: SmallDisk | null;
  readonly pool: pg.Pool;
  say(line: string): void;
}

const DISK_MB = 400;
const APIS = 2;
const WORKERS = 3;

/** Numbers in [0, 1) from a seed: which answers are lost, and how long each delay is. */
const noiseOf = (seed: number): (() => number) => {
  const noise = fc.sample(fc.nat(999), { seed, numRuns: 5_000 });
  let turn = 0;
  return () => (noise[(turn += 1) % noise.length] ?? 0) / 1_000;
};

/** Sets the stage on a copy of `template`, plays `act`, and takes everything down again whatever happens. */
export const onStage = async <T>(
  options: {
    readonly seed: number;
    readonly template: string;
    readonly say: (line: string) => void;
    /** More of the registry's entry in sexton.yaml. */
    readonly registry?: (storageDir: string) => Readonly<Record<string, unknown>>;
    /** What is not as in a fault run: how many processes, of which build, started when. */
    readonly fleet?: Partial<Pick<FleetOptions, 'apis' | 'workers' | 'program' | 'later'>>;
    /** False: the data need no disk of their own, as nothing is to fill it. */
    readonly hasSmallDisk?: boolean;
  },
  act: (stage: Stage) => Promise<T>,
): Promise<T> => {
  const { seed, template, say, hasSmallDisk = true } = options;
  const home = await mkdtemp(join(tmpdir(), 'faults-run-'));
  const closing: (() => Promise<unknown>)[] = [() => rm(home, { recursive: true, force: true })];
  const opened = <T extends { stop(): Promise<void> }>(server: T): T => {
    closing.unshift(() => server.stop());
    return server;
  };
  try {
    const data = join(home, 'data');
    await mkdir(data);
    const mounted = hasSmallDisk ? await mountSmallDisk(data, DISK_MB) : null;
    const disk = typeof mounted === 'string' ? null : mounted;
    if (disk) closing.unshift(() => disk.remove());
    if (typeof mounted === 'string')
      say(`  SKIPPED fill-disk: no small disk can be mounted here: ${mounted}`);
    const postgres = opened(await startPostgres(data));
    const redis = opened(await startRedis());
    const storageDir = join(home, 'registry');
    await cp(template, storageDir, { recursive: true, preserveTimestamps: true });
    const registry = opened(await startRegistry({ storageDir }));
    const link = opened(await startRegistryLink(registry.url, noiseOf(seed)));
    const fleet = opened(
      await startFleet({
        home: data,
        databaseUrl: postgres.url,
        redisUrl: redis.url,
        apis: APIS,
        workers: WORKERS,
        registryUrlFor: (writer) => link.urlFor(writer),
        registry: options.registry?.(storageDir) ?? {},
        ...options.fleet,
      }),
    );
    await fleet.untilReady();
    const pool = createPool(postgres.url, 2, 'fault run');
    closing.unshift(() => pool.end());
    return await act({ home, fleet, redis, postgres, registry, link, disk, pool, say });
  } finally {
    for (const close of closing) await close().catch((error: unknown) => say(`  closing: ${String(error)}`));
  }
};
