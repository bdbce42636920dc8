import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { startServer, type ChildServer } from './child-server.js';
import { freePort } from './free-port.js';

export interface RedisServerOptions {
  /** Keeps an append-only file, synced at every write, so that data outlives `kill`. In memory only by default. */
  readonly appendOnly?: boolean;
  /** More of its command line; goes before ours. */
  readonly args?: readonly string[];
}

export interface RedisServer {
  readonly url: string;
  readonly port: number;
  log(): string;
  /** FLUSHALL. */
  flush(): Promise<void>;
  stop(): Promise<void>;
  /** kill -9; `restart` starts it again. */
  kill(): Promise<void>;
  /** Stops it and starts it again on the same port, with what its append-only file holds. */
  restart(): Promise<void>;
  /** Stops it and starts it again on the same port, without its data. */
  restartEmpty(): Promise<void>;
}

/** Runs the real redis-server on loopback. */
export const startRedis = async (options: RedisServerOptions = {}): Promise<RedisServer> => {
  const home = await mkdtemp(join(tmpdir(), 'redis-'));
  const port = await freePort();
  const url = `redis://127.0.0.1:${port}`;
  const withClient = async <T>(use: (client: Redis) => Promise<T>): Promise<T> => {
    const client = new Redis(url, { retryStrategy: () => null, maxRetriesPerRequest: 0, lazyConnect: true });
    client.on('error', () => undefined);
    try {
      await client.connect();
      return await use(client);
    } finally {
      client.disconnect();
    }
  };
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', home, '--save', ''];
  // BullMQ asks for noeviction; it is what redis has by default, and what production must have.
  args.push('--maxmemory-policy', 'noeviction');
  if (options.appendOnly) args.push('--appendonly', 'yes', '--appendfsync', 'always');
  args.push(...(options.args ?? []));
  const start = (): Promise<ChildServer> =>
    startServer('redis-server', args, () => withClient(async (client) => (await client.ping()) === 'PONG'));
  let server = await start();
  return {
    url,
    port,
    log: () => server.log(),
    flush: () => withClient(async (client) => void (await client.flushall())),
    stop: async () => {
      await server.stop();
      await rm(home, { recursive: true, force: true });
    },
    kill: () => server.stop('SIGKILL'),
    restart: async () => {
      await server.stop();
      server = await start();
    },
    restartEmpty: async () => {
      await server.stop('SIGKILL');
      await rm(join(home, 'appendonlydir'), { recursive: true, force: true });
      server = await start();
    },
  };
};
