import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { Redis } from 'ioredis';
import { startServer, type ChildServer } from './child-server.js';
import { freePort } from './free-port.js';

export interface RedisServer {
  readonly url: string;
  /** FLUSHALL. */
  flush(): Promise<void>;
  stop(): Promise<void>;
  /** Stops it and starts it again on the same port, without its data. */
  restartEmpty(): Promise<void>;
}

/** Runs the real redis-server on loopback, in memory only. */
export const startRedis = async (): Promise<RedisServer> => {
  const directory = await mkdtemp(join(tmpdir(), 'redis-'));
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
  const args = ['--port', String(port), '--bind', '127.0.0.1', '--dir', directory, '--save', ''];
  const start = (): Promise<ChildServer> =>
    startServer('redis-server', args, () => withClient(async (client) => (await client.ping()) === 'PONG'));
  let server = await start();
  return {
    url,
    flush: () => withClient(async (client) => void (await client.flushall())),
    stop: async () => {
      await server.stop();
      await rm(directory, { recursive: true, force: true });
    },
    restartEmpty: async () => {
      await server.stop('SIGKILL');
      server = await start();
    },
  };
};
