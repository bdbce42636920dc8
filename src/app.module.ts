import {
  Module,
  RequestMethod,
  type DynamicModule,
  type MiddlewareConsumer,
  type NestModule,
} from '@nestjs/common';
import { APP_FILTER, APP_GUARD, APP_PIPE, Reflector } from '@nestjs/core';
import { AuditExportController } from './audit/audit-export.controller.js';
import { AuditExportService } from './audit/audit-export.service.js';
import { Admission } from './approvals/admission.js';
import { ApprovalsController } from './approvals/approvals.controller.js';
import { ApprovalsService } from './approvals/approvals.service.js';
import { ApprovalsStore } from './approvals/approvals.store.js';
import { AuditController } from './audit/audit.controller.js';
import { AuditService } from './audit/audit.service.js';
import { AuditForwarder, createDestination } from './audit/forwarding/forwarder.js';
import { AuditLog } from './audit/audit-log.js';
import { AUDIT_OPTIONS } from './audit/audit-options.js';
import { CheckpointSigner } from './audit/checkpoint-signer.js';
import { RefusedActs } from './audit/refused-acts.js';
import { AuditSealer } from './audit/sealer.js';
import { CatalogController } from './catalog/catalog.controller.js';
import { CatalogService } from './catalog/catalog.service.js';
import { CollectionReadingController } from './collections/service/collection-reading.controller.js';
import { CollectionReadingService } from './collections/service/collection-reading.service.js';
import { CLOCK, COLLECTION_OPTIONS, STORAGES } from './collections/service/collection-tokens.js';
import { CollectionsController } from './collections/service/collections.controller.js';
import { CollectionsService } from './collections/service/collections.service.js';
import { CollectionsStore } from './collections/service/collections.store.js';
import { storagesOf } from './collections/service/create-collections.js';
import { FindingsStore } from './collections/service/findings.store.js';
import { DATABASE } from './database/database.js';
import { DeletionChanges } from './deletions/deletion-changes.js';
import { DeletionEventsController } from './deletions/deletion-events.controller.js';
import { DeletionsController } from './deletions/deletions.controller.js';
import { DeletionsQuery } from './deletions/deletions.query.js';
import { DeletionsService } from './deletions/deletions.service.js';
import { RESTORABLE_UNTIL } from './deletions/restorable-until.js';
import { restorableUntil } from './collections/restorable-until.js';
import { DeletionIntake } from './deletions/deletion-intake.js';
import { DeletionsStore } from './deletions/deletions.store.js';
import { PlanMaker } from './deletions/plan-maker.js';
import { FrontChallenge, PUBLIC_URL } from './front/front-challenge.js';
import { FrontController } from './front/front.controller.js';
import { FrontDeletions } from './front/front-deletions.js';
import { FrontReads } from './front/front-reads.js';
import { FRONT_CONFIG, FrontRegistry } from './front/front-registry.js';
import { passwordGrantAsBasic } from './front/password-grant.js';
import { TokenController } from './front/token.controller.js';
import { GUARDRAILS } from './guardrails/guardrails.js';
import { HoldsController } from './holds/holds.controller.js';
import { HoldsInForce } from './holds/holds-in-force.js';
import { HoldsService } from './holds/holds.service.js';
import { HoldsStore } from './holds/holds.store.js';
import { ProblemFilter } from './http/problem.filter.js';
import { requireJson } from './http/require-json.js';
import { validationPipe } from './http/validation.js';
import { ApiKeyStrategy } from './identity/api-key.strategy.js';
import { ApiKeysController } from './identity/api-keys.controller.js';
import { ApiKeysService } from './identity/api-keys.service.js';
import { ApiKeysStore } from './identity/api-keys.store.js';
import { failedLoginRecorder } from './identity/failed-login.js';
import { OIDC_OPTIONS, OidcStrategy } from './identity/oidc/oidc.strategy.js';
import { FAILED_LOGIN, PermissionGuard } from './identity/permission.guard.js';
import { MeController } from './identity/me.controller.js';
import { Persons } from './identity/persons.js';
import { RateLimits } from './identity/rate-limit/rate-limits.js';
import { RegistryTokenStrategy } from './identity/registry-tokens/registry-token.strategy.js';
import { RegistryTokens } from './identity/registry-tokens/registry-tokens.js';
import { TokenSecretsStore } from './identity/registry-tokens/token-secrets.store.js';
import { StandingCredential } from './identity/standing-credential.js';
import { SpendingStore } from './guardrails/spending.store.js';
import { PausesController } from './pause/pauses.controller.js';
import { PausesService } from './pause/pauses.service.js';
import { WorkStops } from './pause/stops.js';
import { WebhookTargets } from './notifications/target/webhook-targets.js';
import { DeliveriesController } from './notifications/webhooks/deliveries.controller.js';
import { DeliveriesService } from './notifications/webhooks/deliveries.service.js';
import { WebhooksController } from './notifications/webhooks/webhooks.controller.js';
import { WebhooksService } from './notifications/webhooks/webhooks.service.js';
import { WebhooksStore } from './notifications/webhooks/webhooks.store.js';
import { WAKE_UP_QUEUE } from './queue/wake-up-queue.js';
import { Registries } from './registries/registries.js';
import type { Runtime } from './runtime.js';
import { HealthController } from './telemetry/health.controller.js';
import { LOGGER } from './telemetry/logger.js';
import { Metrics } from './telemetry/metrics.js';
import { MetricsController } from './telemetry/metrics.controller.js';
import { Readiness, READINESS_CHECKS } from './telemetry/readiness.js';
import { TRACING } from './telemetry/tracing/tracing.js';

const windowsOf = ({ collections }: Runtime['config']) =>
  new Map([...collections].map(([name, { rules }]) => [name, rules]));

/** The HTTP side, put together on what the runtime opened. */
@Module({})
export class AppModule implements NestModule {
  static on(runtime: Runtime): DynamicModule {
    const { log, db, queue, registries, changes, metrics } = runtime;
    return {
      module: AppModule,
      controllers: [
        DeletionsController,
        DeletionEventsController,
        ApprovalsController,
        PausesController,
        CatalogController,
        CollectionReadingController,
        CollectionsController,
        AuditController,
        AuditExportController,
        ApiKeysController,
        MeController,
        HoldsController,
        WebhooksController,
        DeliveriesController,
        // Before the front, whose routes begin with /v2 as well.
        TokenController,
        FrontController,
        HealthController,
        MetricsController,
      ],
      providers: [
        { provide: LOGGER, useValue: log },
        { provide: DATABASE, useValue: db },
        { provide: WAKE_UP_QUEUE, useValue: queue },
        { provide: Registries, useValue: registries },
        { provide: DeletionChanges, useValue: changes },
        { provide: Metrics, useValue: metrics },
        { provide: TRACING, useValue: runtime.tracing },
        {
          provide: READINESS_CHECKS,
          useValue: [
            { name: 'database', check: async () => void (await runtime.pool.query('select 1')) },
            { name: 'queue', check: () => queue.check() },
          ],
        },
        Readiness,
        AuditLog,
        { provide: AUDIT_OPTIONS, useValue: runtime.config.audit },
        CheckpointSigner,
        AuditSealer,
        {
          provide: AuditForwarder,
          useFactory: () => new AuditForwarder(db, runtime.config.audit.forward.map(createDestination), log),
        },
        AuditService,
        AuditExportService,
        DeletionIntake,
        DeletionsStore,
        DeletionsQuery,
        DeletionsService,
        { provide: RESTORABLE_UNTIL, useValue: restorableUntil(runtime.config.collections) },
        PlanMaker,
        SpendingStore,
        Admission,
        ApprovalsStore,
        ApprovalsService,
        {
          provide: WorkStops,
          inject: [AuditLog],
          useFactory: (audit: AuditLog) =>
            new WorkStops(db, windowsOf(runtime.config), runtime.now, runtime.worker, audit),
        },
        PausesService,
        CatalogService,
        { provide: COLLECTION_OPTIONS, useValue: runtime.config.collections },
        { provide: STORAGES, useValue: storagesOf(runtime.config, runtime.now, runtime.tracing) },
        { provide: CLOCK, useValue: runtime.now },
        CollectionsStore,
        FindingsStore,
        CollectionsService,
        CollectionReadingService,
        { provide: GUARDRAILS, useValue: runtime.config.guardrails },
        HoldsStore,
        HoldsInForce,
        HoldsService,
        WebhooksStore,
        WebhooksService,
        DeliveriesService,
        {
          provide: WebhookTargets,
          useValue: new WebhookTargets(runtime.config.notifications.webhooks.allowed),
        },
        Persons,
        { provide: FRONT_CONFIG, useValue: runtime.config.front },
        { provide: PUBLIC_URL, useValue: runtime.config.http.publicUrl },
        FrontChallenge,
        FrontRegistry,
        FrontReads,
        FrontDeletions,
        ApiKeysStore,
        ApiKeysService,
        ApiKeyStrategy,
        { provide: OIDC_OPTIONS, useValue: runtime.config.identity.oidc },
        OidcStrategy,
        StandingCredential,
        TokenSecretsStore,
        RegistryTokens,
        RegistryTokenStrategy,
        { provide: RateLimits, useValue: runtime.rateLimits },
        Reflector,
        {
          provide: FAILED_LOGIN,
          inject: [AuditLog],
          useFactory: (audit: AuditLog) => failedLoginRecorder(db, audit, log),
        },
        { provide: APP_GUARD, useClass: PermissionGuard },
        RefusedActs,
        { provide: APP_PIPE, useFactory: validationPipe },
        {
          provide: APP_FILTER,
          useFactory: () =>
            new ProblemFilter((error, request) =>
              log.error({ err: error, request }, 'a request failed unexpectedly'),
            ),
        },
      ],
    };
  }

  configure(consumer: MiddlewareConsumer): void {
    const grant = { path: 'v2/token', method: RequestMethod.POST };
    consumer.apply(RefusedActs, requireJson).exclude(grant).forRoutes('{*path}');
    consumer.apply(RefusedActs, passwordGrantAsBasic).forRoutes(grant);
  }
}
