import { randomBytes } from 'node:crypto';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import request from 'supertest';
import { stringify } from 'yaml';
import { startServer, type ChildServer } from '../../tools/child-server.js';
import { freePort } from '../../tools/free-port.js';
import type { TestApi } from './gateway.js';

const PROGRAM = fileURLToPath(new URL('../../dist/main.js', import.meta.url));

export interface GatewayProcess {
  readonly url: string;
  readonly server: ChildServer;
  api(): TestApi;
}

/** What several processes of one installation share. */
export interface Installation {
  readonly adminKey: string;
  readonly home: string;
  start(args?: readonly string[]): Promise<GatewayProcess>;
  remove(): Promise<void>;
}

/** The built program, as an operator runs it: its own processes, a real configuration file. */
export const installGateway = async (options: {
  readonly registryUrl: string;
  /** One of its own by default. */
  readonly adminKey?: string;
  readonly databaseUrl?: string;
  readonly redisUrl?: string;
  /** NODE_OPTIONS of the processes. */
  readonly nodeOptions?: string;
  /** More environment of the processes. */
  readonly env?: Readonly<Record<string, string>>;
  /** More of the registry's entry in sexton.yaml. */
  readonly registry?: Readonly<Record<string, unknown>>;
  /** `notifications` of sexton.yaml. */
  readonly notifications?: Readonly<Record<string, unknown>>;
}): Promise<Installation> => {
  const home = await mkdtemp(join(tmpdir(), 'sexton-process-'));
  const adminKey = options.adminKey ?? `sxt_${randomBytes(24).toString('base64url')}`;
  const config = {
    registries: {
      prod: {
        type: 'distribution',
        url: options.registryUrl,
        retries: { attempts: 2, base: '5ms', max: '50ms' },
        ...options.registry,
      },
    },
    rateLimit: { requests: 1_000_000 },
    ...(options.notifications && { notifications: options.notifications }),
    execution: { retryBase: '50ms', retryMax: '500ms', reconcileEvery: '250ms' },
  };
  const path = join(home, 'sexton.yaml');
  await writeFile(path, stringify(config));
  return {
    adminKey,
    home,
    start: async (args = []) => {
      const port = await freePort();
      const url = `http://127.0.0.1:${port}`;
      const env = {
        PATH: process.env['PATH'],
        HOST: '127.0.0.1',
        PORT: String(port),
        SEXTON_CONFIG: path,
        SEXTON_DATA_DIR: join(home, 'data'),
        SEXTON_ADMIN_KEY: adminKey,
        ...(options.databaseUrl !== undefined && { DATABASE_URL: options.databaseUrl }),
        ...(options.redisUrl !== undefined && { REDIS_URL: options.redisUrl }),
        ...(options.nodeOptions !== undefined && { NODE_OPTIONS: options.nodeOptions }),
        ...options.env,
      };
      const isReady = async (): Promise<boolean> => (await fetch(`${url}/readyz`)).ok;
      const server = await startServer(process.execPath, [PROGRAM, ...args], isReady, env);
      const as = (test: request.Test) => test.set('Authorization', `Bearer ${adminKey}`);
      return {
        url,
        server,
        api: () => ({
          get: (at) => as(request(url).get(at)),
          post: (at) => as(request(url).post(at)),
          patch: (at) => as(request(url).patch(at)),
          delete: (at) => as(request(url).delete(at)),
        }),
      };
    },
    remove: () => rm(home, { recursive: true, force: true }),
  };
};
