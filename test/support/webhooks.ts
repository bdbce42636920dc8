import type { AuditAction } from '../../src/audit/audit-event.js';
import type { Caller } from '../../src/identity/caller.js';
import { rulesOf } from '../../src/notifications/target/address-rules.js';
import { systemResolve, type Resolve } from '../../src/notifications/target/guarded-connect.js';
import { WebhookTargets } from '../../src/notifications/target/webhook-targets.js';
import { DEFAULT_WEBHOOKS, type WebhookOptions } from '../../src/notifications/webhook-options.js';
import { DeliveriesService } from '../../src/notifications/webhooks/deliveries.service.js';
import { WebhookDeliverer } from '../../src/notifications/webhooks/deliverer.js';
import { WebhookSender } from '../../src/notifications/webhooks/sender.js';
import {
  createWebhookSchema,
  type WebhookWithSecret,
} from '../../src/notifications/webhooks/webhooks.dto.js';
import { WebhooksService } from '../../src/notifications/webhooks/webhooks.service.js';
import { WebhooksStore } from '../../src/notifications/webhooks/webhooks.store.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { Metrics } from '../../src/telemetry/metrics.js';
import { anAuditEvent, auditParts } from './audit.js';
import type { TestDatabase } from './database.js';

export const ADMIN: Caller = { id: 'key_1', name: 'an admin', role: 'admin', scopes: [], address: null };

/** Real receivers are on loopback. */
export const LOOPBACK = rulesOf(['127.0.0.0/8']);

/** What a process has of webhooks, on a clock that the test turns. */
export class WebhookWorld {
  nowMs = Date.now();
  readonly logLines: string[] = [];
  readonly parts;
  readonly webhooks;
  readonly deliveries;
  private readonly senders: WebhookSender[] = [];
  private readonly options: WebhookOptions;

  constructor(
    private readonly test: TestDatabase,
    change: Partial<WebhookOptions> = {},
  ) {
    this.options = {
      ...{ ...DEFAULT_WEBHOOKS, allowed: LOOPBACK, attempts: 4, retryBaseMs: 1_000, retryMaxMs: 60_000 },
      ...change,
    };
    this.parts = auditParts(test);
    const store = new WebhooksStore(test.db);
    const targets = new WebhookTargets(this.options.allowed);
    this.webhooks = new WebhooksService(test.db, store, targets, this.parts.log);
    this.deliveries = new DeliveriesService(test.db, store, this.webhooks, this.parts.log);
  }

  /** One process that delivers. */
  deliverer(change: Partial<WebhookOptions> = {}, resolve: Resolve = systemResolve): WebhookDeliverer {
    const options = { ...this.options, ...change };
    const sender = new WebhookSender(options, resolve);
    this.senders.push(sender);
    return new WebhookDeliverer({
      db: this.test.db,
      audit: this.parts.log,
      sender,
      options,
      source: 'urn:sexton',
      metrics: new Metrics(),
      log: createLogger('debug', { destination: { write: (line: string) => void this.logLines.push(line) } }),
      now: () => this.nowMs,
      random: () => 0,
    });
  }

  async webhook(url: string, change: Record<string, unknown> = {}): Promise<WebhookWithSecret> {
    const events = ['deletion.succeeded', 'deletion.failed', 'deletion.refused'];
    const body = createWebhookSchema.parse({ name: 'a receiver', url, events, ...change });
    return this.webhooks.create(ADMIN, body, 'a request');
  }

  /** Something that happened, sealed. */
  async happens(
    action: AuditAction = 'deletion.finished',
    change: Partial<Parameters<typeof anAuditEvent>[0] & object> = {},
  ): Promise<void> {
    const details = { state: 'succeeded' };
    const event = anAuditEvent({ action, deletionId: '01JD', details, ...change });
    await this.parts.log.record(this.test.db, event);
    await this.parts.sealer.sealWaiting();
  }

  rows() {
    return this.test.db.selectFrom('webhook_deliveries').selectAll().orderBy('sequence').execute();
  }

  async actions(): Promise<readonly string[]> {
    const rows = await this.test.db.selectFrom('audit_events').select('action').orderBy('position').execute();
    return rows.map(({ action }) => action).filter((action) => action.startsWith('webhook.'));
  }

  async stop(): Promise<void> {
    await Promise.all(this.senders.map((sender) => sender.close()));
  }
}
