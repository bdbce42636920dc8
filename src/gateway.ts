import { NestFactory } from '@nestjs/core';
import type { NestExpressApplication } from '@nestjs/platform-express';
import { SwaggerModule } from '@nestjs/swagger';
import type { NextFunction, Request, Response } from 'express';
import helmet from 'helmet';
import { Admission } from './approvals/admission.js';
import { ApprovalsStore } from './approvals/approvals.store.js';
import { AppModule } from './app.module.js';
import { AuditLog } from './audit/audit-log.js';
import { warnOfUnknownKeys } from './audit/unknown-keys.js';
import { recordStart, recordStop } from './audit/process-events.js';
import { CollectionsStore } from './collections/service/collections.store.js';
import { createCollectionWorkers } from './collections/service/create-collections.js';
import { FindingsStore } from './collections/service/findings.store.js';
import { WorkStops } from './pause/stops.js';
import { DeletionsStore } from './deletions/deletions.store.js';
import { PlanMaker } from './deletions/plan-maker.js';
import { SextonError } from './errors/sexton-error.js';
import { createWorkers } from './execution/create-workers.js';
import { isGrant, MOST_GRANT } from './front/password-grant.js';
import { corsFor } from './http/cors.js';
import { DOCS_PATH, openDocsTo, swaggerLogin } from './http/docs-login.js';
import { HoldsInForce } from './holds/holds-in-force.js';
import { buildOpenApi } from './http/openapi.js';
import { assignRequestId } from './http/request-id.js';
import { ApiKeysService } from './identity/api-keys.service.js';
import { createDeliverer } from './notifications/webhooks/create-deliverer.js';
import type { Runtime } from './runtime.js';
import { nestLogger } from './telemetry/logger.js';
import { measureRequests, OPERATIONS } from './telemetry/request-route.js';
import { traceRequests } from './telemetry/tracing/trace-requests.js';
import { readPageFiles } from './web/page-files.js';
import { reviewPage } from './web/review-page.js';

export type Role = 'api' | 'worker' | 'all';

export interface Gateway {
  /** Where it listens: the API, or for `worker` health and metrics alone. */
  readonly url: string;
  stop(): Promise<void>;
}

const MOST_BODY = '1mb';

/** The Nest application, configured as it is served; also what the OpenAPI document is made from. */
export const createApp = async (runtime: Runtime): Promise<NestExpressApplication> => {
  const { http } = runtime.config;
  const app = await NestFactory.create<NestExpressApplication>(AppModule.on(runtime), {
    logger: nestLogger(runtime.log),
    bodyParser: false,
    abortOnError: false,
    forceCloseConnections: true,
  });
  app.disable('x-powered-by');
  app.set('query parser', 'simple');
  // Before anything that can fail: every problem names its request.
  app.use(assignRequestId);
  app.use(measureRequests(runtime.metrics.process));
  app.use(traceRequests(runtime.tracing));
  if (http.trustedProxies.length > 0) app.set('trust proxy', [...http.trustedProxies]);
  app.use(helmet({ contentSecurityPolicy: { directives: { 'upgrade-insecure-requests': null } } }));
  if (http.corsOrigins.length > 0) app.enableCors(corsFor(http.corsOrigins));
  app.useBodyParser('json', { limit: MOST_BODY, type: ['application/json', 'application/*+json'] });
  app.useBodyParser('urlencoded', { limit: MOST_GRANT, type: isGrant, extended: false, parameterLimit: 20 });
  return app;
};

/** A worker answers those who watch it, and nobody else. */
const onlyOperations = (request: Request, _response: Response, next: NextFunction): void => {
  if (OPERATIONS.includes(request.path)) next();
  else
    next(
      new SextonError('not_found', {
        detail: 'This process is a worker; ask one that runs with --role api or all',
      }),
    );
};

/** What an operator can do about an address that cannot be listened on. */
const listenFault = (error: unknown, { host, port }: Runtime['config']['http']): Error => {
  const code = error instanceof Error && 'code' in error ? String(error.code) : String(error);
  const what = code === 'EADDRINUSE' ? 'another program has it; stop that one, or' : 'look at HOST, or';
  return new Error(`cannot listen on ${host}, port ${port} (${code}): ${what} set another PORT`, {
    cause: error,
  });
};

/**
 * Starts a gateway in this process; `role` says whether it serves the API, works, or both. `showAdminKey` gets the first
 * admin key as soon as it is made: it is shown this once, and what comes behind it may still fail.
 */
export const startGateway = async (
  runtime: Runtime,
  role: Role,
  showAdminKey: (secret: string) => void = () => undefined,
): Promise<Gateway> => {
  const { config, log } = runtime;
  const app = await createApp(runtime);
  if (role === 'worker') app.use(onlyOperations);
  const { oidc } = config.identity;
  const login = oidc?.clientId ? { issuer: oidc.issuer, clientId: oidc.clientId } : null;
  if (login) app.use(DOCS_PATH, openDocsTo(login));
  if (role !== 'worker') {
    const page = readPageFiles();
    if (page) app.use(reviewPage(page, login));
    else log.warn('the review page was not built (npm run build), and is not served');
  }
  const document = buildOpenApi(app, oidc?.issuer ?? null);
  SwaggerModule.setup('docs', app, document, {
    jsonDocumentUrl: 'openapi.json',
    customSiteTitle: 'Sexton API',
    swaggerOptions: {
      persistAuthorization: false,
      displayRequestDuration: true,
      ...(login && swaggerLogin(login)),
    },
  });
  const newAdminKey = await app.get(ApiKeysService).ensureAdmin(config.adminKey);
  if (newAdminKey !== null) showAdminKey(newAdminKey);
  await recordStart(runtime, app.get(AuditLog), role);
  await warnOfUnknownKeys(runtime.db, config.audit, log);
  const collections = createCollectionWorkers({
    config,
    db: runtime.db,
    store: app.get(CollectionsStore),
    findings: app.get(FindingsStore),
    audit: app.get(AuditLog),
    queue: runtime.queue,
    registries: runtime.registries,
    observe: runtime.observe,
    heldUntagged: (registry) => app.get(HoldsInForce).heldUntagged(registry),
    now: runtime.now,
    log,
    worker: runtime.worker,
    tracing: runtime.tracing,
  });
  const workers = createWorkers({
    db: runtime.db,
    store: app.get(DeletionsStore),
    plans: app.get(PlanMaker),
    admission: app.get(Admission),
    approvals: app.get(ApprovalsStore),
    holds: app.get(HoldsInForce),
    stops: app.get(WorkStops),
    now: runtime.now,
    audit: app.get(AuditLog),
    queue: runtime.queue,
    registries: runtime.registries,
    metrics: runtime.metrics,
    tracing: runtime.tracing,
    log,
    worker: runtime.worker,
    limits: config.execution,
    withBlobs: (registry, digests, work) => collections.quarantines.withBlobs(registry, digests, work),
  });
  const deliverer = createDeliverer({ ...runtime, audit: app.get(AuditLog) });
  // Before any work begins: where the port is taken, none may be left half-done.
  await app.listen(config.http.port, config.http.host).catch(async (error: unknown) => {
    await recordStop(runtime, app.get(AuditLog), role);
    await app.close();
    throw listenFault(error, config.http);
  });
  if (role !== 'api') {
    deliverer.start();
    collections.start();
    workers.start(
      [...config.registries.values()].map(({ name, maxConcurrentRepositories }) => ({
        name,
        concurrency: maxConcurrentRepositories,
      })),
    );
  }
  const url = await app.getUrl();
  log.info({ url, role, registries: runtime.registries.names() }, 'ready');
  return {
    url: url.replace('[::1]', '127.0.0.1').replace('0.0.0.0', '127.0.0.1'),
    stop: async () => {
      await collections.stop();
      await workers.stop();
      await deliverer.stop();
      // Event streams and waiting clients are answered before the listener closes.
      await runtime.changes.stop();
      await recordStop(runtime, app.get(AuditLog), role);
      await app.close();
      await runtime.close();
      log.info('stopped');
    },
  };
};
