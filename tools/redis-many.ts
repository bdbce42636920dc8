import { execFile } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { Redis } from 'ioredis';
import { startServer } from './child-server.js';
import { freePort } from './free-port.js';
import { startRedis } from './redis-server.js';

const run = promisify(execFile);

const cli = async (port: number, ...args: string[]): Promise<string> =>
  (await run('redis-cli', ['-h', '127.0.0.1', '-p', String(port), ...args])).stdout;

export interface RedisSentinel {
  /** For `REDIS_URL`. */
  readonly url: string;
  /** kill -9 of the master; returns once the sentinel has made its replica the new one. */
  failOver(): Promise<void>;
  stop(): Promise<void>;
}

/** A master, its replica and one sentinel that watches them, on loopback. */
export const startRedisSentinel = async (): Promise<RedisSentinel> => {
  const master = await startRedis();
  const replica = await startRedis({ args: ['--replicaof', '127.0.0.1', String(master.port)] });
  const home = await mkdtemp(join(tmpdir(), 'sentinel-'));
  const port = await freePort();
  const config = join(home, 'sentinel.conf');
  const lines = [
    `port ${port}`,
    'bind 127.0.0.1',
    `dir ${home}`,
    `sentinel monitor sexton 127.0.0.1 ${master.port} 1`,
    'sentinel down-after-milliseconds sexton 500',
    'sentinel failover-timeout sexton 5000',
  ];
  await writeFile(config, `${lines.join('\n')}\n`);
  const knowsBoth = async (): Promise<boolean> =>
    (await cli(port, 'sentinel', 'replicas', 'sexton')).includes(`127.0.0.1:${replica.port}`) &&
    (await cli(replica.port, 'info', 'replication')).includes('master_link_status:up');
  const sentinel = await startServer('redis-server', [config, '--sentinel'], knowsBoth);
  return {
    url: `redis+sentinel://127.0.0.1:${port}/sexton`,
    failOver: async () => {
      const watcher = new Redis({ host: '127.0.0.1', port });
      const switched = new Promise<void>((done) => watcher.once('message', () => done()));
      await watcher.subscribe('+switch-master');
      await master.kill();
      await switched;
      watcher.disconnect();
    },
    stop: async () => {
      await sentinel.stop();
      await replica.stop();
      await master.stop();
      await rm(home, { recursive: true, force: true });
    },
  };
};

export interface RedisClusterServers {
  /** For `REDIS_URL`. */
  readonly url: string;
  stop(): Promise<void>;
}

/** Three masters on loopback that share the slots. */
export const startRedisCluster = async (): Promise<RedisClusterServers> => {
  const nodes = await Promise.all(
    [0, 1, 2].map(async () => {
      // Else it is the port and 10,000, which above 55,535 is none.
      const busPort = String(await freePort());
      return startRedis({ appendOnly: true, args: ['--cluster-enabled', 'yes', '--cluster-port', busPort] });
    }),
  );
  const hosts = nodes.map(({ port }) => `127.0.0.1:${port}`);
  await run('redis-cli', ['--cluster', 'create', ...hosts, '--cluster-yes']);
  return {
    url: `redis+cluster://${hosts.join(',')}`,
    stop: async () => {
      for (const node of nodes) await node.stop();
    },
  };
};
