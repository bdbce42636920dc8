import 'reflect-metadata';
import { randomBytes } from 'node:crypto';
import request from 'supertest';
import type { CollectionOptions } from '../../src/collections/collection-options.js';
import { UNSIGNED } from '../../src/audit/audit-options.js';
import type { Config } from '../../src/config/config.js';
import { startGateway, type Role } from '../../src/gateway.js';
import type { RegistryOptions } from '../../src/registries/registry-options.js';
import { NO_LIMITS } from '../../src/guardrails/limits.js';
import { DEFAULT_WEBHOOKS, type WebhookOptions } from '../../src/notifications/webhook-options.js';
import { openRuntime, type Runtime } from '../../src/runtime.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { createTestDatabase, type TestDatabase } from './database.js';

export { registryOptions } from './registry-options.js';

export interface TestGateway {
  readonly url: string;
  readonly adminKey: string;
  readonly runtime: Runtime;
  readonly database: TestDatabase;
  /** Lines that it logged. */
  readonly logLines: readonly string[];
  /** A request as the admin, or as whoever holds `key`. */
  api(key?: string): TestApi;
  stop(): Promise<void>;
}

type Send = (path: string) => request.Test;

export interface TestApi {
  readonly get: Send;
  readonly post: Send;
  readonly patch: Send;
  readonly delete: Send;
}

/** A whole gateway in this process, on a database of its own; on Redis when `redisUrl` is given. */
export const startTestGateway = async (options: {
  readonly registries: readonly RegistryOptions[];
  readonly redisUrl?: string | null;
  readonly role?: Role;
  readonly database?: TestDatabase;
  readonly execution?: Partial<Config['execution']>;
  readonly collections?: readonly CollectionOptions[];
  /** What the gateway takes for the time. */
  readonly now?: () => number;
  readonly front?: Partial<Config['front']>;
  readonly guardrails?: Partial<Config['guardrails']>;
  readonly http?: Partial<Config['http']>;
  readonly rateLimit?: Partial<Config['rateLimit']>;
  readonly oidc?: Config['identity']['oidc'];
  readonly audit?: Partial<Config['audit']>;
  readonly settings?: Config['settings'];
  readonly webhooks?: Partial<WebhookOptions>;
}): Promise<TestGateway> => {
  const database = options.database ?? (await createTestDatabase());
  const adminKey = `sxt_${randomBytes(24).toString('base64url')}`;
  const logLines: string[] = [];
  const log = createLogger('debug', { destination: { write: (line: string) => void logLines.push(line) } });
  const config: Config = {
    http: {
      host: '127.0.0.1',
      port: 0,
      publicUrl: null,
      trustedProxies: [],
      corsOrigins: [],
      ...options.http,
    },
    rateLimit: { requests: 1_000_000, failedLogins: 1_000_000, perSeconds: 60, ...options.rateLimit },
    dataDir: '/nonexistent',
    adminKey,
    databaseUrl: database.url,
    redisUrl: options.redisUrl ?? null,
    logLevel: 'debug',
    registries: new Map(options.registries.map((registry) => [registry.name, registry])),
    collections: new Map(options.collections?.map((collection) => [collection.registry, collection])),
    audit: { ...UNSIGNED, ...options.audit },
    notifications: { webhooks: { ...DEFAULT_WEBHOOKS, ...options.webhooks } },
    settings: options.settings ?? {},
    guardrails: { holds: [], approvals: [], limits: NO_LIMITS, ...options.guardrails },
    front: { hosts: new Map(), defaultRegistry: null, sharedDigests: 'refuse', ...options.front },
    identity: { oidc: options.oidc ?? null },
    execution: {
      planAttempts: 4,
      targetAttempts: 4,
      retryBaseMs: 20,
      retryMaxMs: 200,
      reconcileEveryMs: 250,
      ...options.execution,
    },
  };
  const runtime = await openRuntime(config, log, options.now);
  const gateway = await startGateway(runtime, options.role ?? 'all');
  const api = (key = adminKey): TestApi => {
    const as = (test: request.Test) => test.set('Authorization', `Bearer ${key}`);
    return {
      get: (path) => as(request(gateway.url).get(path)),
      post: (path) => as(request(gateway.url).post(path)),
      patch: (path) => as(request(gateway.url).patch(path)),
      delete: (path) => as(request(gateway.url).delete(path)),
    };
  };
  return {
    url: gateway.url,
    adminKey,
    runtime,
    database,
    logLines,
    api,
    stop: async () => {
      await gateway.stop();
      if (!options.database) await database.drop();
    },
  };
};
