import 'reflect-metadata';
import type { OpenAPIObject } from '@nestjs/swagger';
import { UNSIGNED } from './audit/audit-options.js';
import { createDatabase, createPool } from './database/database.js';
import { DeletionChanges } from './deletions/deletion-changes.js';
import { createApp } from './gateway.js';
import { NO_LIMITS } from './guardrails/limits.js';
import { buildOpenApi } from './http/openapi.js';
import { RateLimits } from './identity/rate-limit/rate-limits.js';
import { Registries } from './registries/registries.js';
import { DEFAULT_WEBHOOKS } from './notifications/webhook-options.js';
import { createLogger } from './telemetry/logger.js';
import { Metrics } from './telemetry/metrics.js';
import { NO_TRACING } from './telemetry/tracing/tracing.js';

const NOWHERE = 'postgres://nobody@127.0.0.1:1/none';

/** The document of the code as it is, without a database or a queue: the application is put together, never started. */
export const documentOnly = async (): Promise<OpenAPIObject> => {
  const pool = createPool(NOWHERE, 1);
  const app = await createApp({
    config: {
      http: { host: '127.0.0.1', port: 0, publicUrl: null, trustedProxies: [], corsOrigins: [] },
      rateLimit: { requests: 1, failedLogins: 1, perSeconds: 1 },
      dataDir: '.',
      adminKey: null,
      databaseUrl: NOWHERE,
      redisUrl: null,
      logLevel: 'error',
      registries: new Map(),
      collections: new Map(),
      guardrails: { holds: [], approvals: [], limits: NO_LIMITS },
      front: { hosts: new Map(), defaultRegistry: null, sharedDigests: 'refuse' },
      identity: { oidc: null },
      audit: UNSIGNED,
      notifications: { webhooks: DEFAULT_WEBHOOKS },
      settings: {},
      execution: { planAttempts: 1, targetAttempts: 1, retryBaseMs: 1, retryMaxMs: 1, reconcileEveryMs: 1 },
    },
    log: createLogger('error'),
    pool,
    db: createDatabase(pool),
    queue: {
      ring: async () => undefined,
      listen: () => undefined,
      listenForCollections: () => undefined,
      depth: async () => ({ waiting: 0, active: 0 }),
      check: async () => undefined,
      close: async () => undefined,
    },
    rateLimits: new RateLimits({ requests: 1, failedLogins: 1, perSeconds: 1 }, null),
    registries: new Registries([]),
    observe: () => () => undefined,
    changes: new DeletionChanges(NOWHERE),
    metrics: new Metrics(),
    tracing: NO_TRACING,
    now: () => 0,
    worker: 'none',
    close: async () => undefined,
  });
  return buildOpenApi(app, null);
};
