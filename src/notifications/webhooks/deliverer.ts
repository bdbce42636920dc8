import { setTimeout as pause } from 'node:timers/promises';
import type { AuditLog } from '../../audit/audit-log.js';
import { sealedPage } from '../../audit/export.store.js';
import type { Db } from '../../database/database.js';
import type { Logger } from '../../telemetry/logger.js';
import type { Metrics } from '../../telemetry/metrics.js';
import { CLOUD_EVENT_TYPE, cloudEventOf } from '../cloud-event.js';
import { noticeTypeOf } from '../notice.js';
import type { WebhookOptions } from '../webhook-options.js';
import {
  claimWebhook,
  forgetOlderThan,
  holdsClaim,
  keepClaim,
  nextDue,
  releaseClaim,
  type DeliveryRow,
  type WebhookClaim,
  type WebhookRow,
} from './claims.store.js';
import { feedNextBatch } from './feed.store.js';
import { recordOutcome } from './outcome.js';
import type { Answer, WebhookSender } from './sender.js';
import { signedHeaders } from './signature.js';
import { verdictOn } from './verdict.js';

/** Audit events of one transaction of the feed. */
const BATCH = 200;
/** Webhooks of one receiver that one process serves at once: a slow one occupies so many, and delays no other. */
const MOST_PER_ORIGIN = 2;
/** Deliveries of one claim; then others at the same receiver have their turn. */
const MOST_PER_CLAIM = 20;
/** How much longer than an attempt a claim lasts. */
const MARGIN_MS = 15_000;
const IDLE_MS = 1_000;
const KEPT_MS = 30 * 86_400_000;
const FORGET_EVERY_MS = 3_600_000;

interface Parts {
  readonly db: Db;
  readonly audit: AuditLog;
  readonly sender: Pick<WebhookSender, 'post'>;
  readonly options: WebhookOptions;
  /** CloudEvents' `source`. */
  readonly source: string;
  readonly metrics: Metrics;
  readonly log: Logger;
  /** Milliseconds since 1970. */
  readonly now: () => number;
  readonly random?: () => number;
}

/**
 * Brings notices to webhooks: makes deliveries of the audit log (feed.store.ts), and sends what is due, each webhook's
 * one after the other and those of different receivers at the same time. Every process with workers runs one.
 */
export class WebhookDeliverer {
  private readonly serving = new Map<Promise<void>, string>();
  private stopping = new AbortController();
  private loop: Promise<void> = Promise.resolve();
  private forgottenAtMs = -Infinity;

  constructor(private readonly parts: Parts) {}

  start(): void {
    this.loop = this.run(this.stopping.signal);
  }

  /** Ends after the attempts that are under way, each of them recorded. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await this.loop;
    await this.settled();
    this.stopping = new AbortController();
  }

  /** One round: feeds, and begins to serve whatever is due. `settled` waits for that. */
  async round(): Promise<void> {
    for (;;) {
      const fed = await feedNextBatch(this.parts.db, BATCH, this.now());
      if (fed.by === 'elsewhere' || fed.read < BATCH) break;
    }
    while (!this.stopping.signal.aborted && (await this.serveNext()));
    if (this.parts.now() - this.forgottenAtMs >= FORGET_EVERY_MS) {
      this.forgottenAtMs = this.parts.now();
      await forgetOlderThan(this.parts.db, new Date(this.parts.now() - KEPT_MS));
    }
  }

  /** Resolves when nothing is being served. */
  async settled(): Promise<void> {
    while (this.serving.size > 0) await Promise.all(this.serving.keys());
  }

  private async run(signal: AbortSignal): Promise<void> {
    while (!signal.aborted) {
      // The next round is the answer; a lasting fault shows in this log and in the metrics.
      await this.round().catch((error: unknown) =>
        this.parts.log.warn({ err: error }, 'webhooks: a round failed'),
      );
      await pause(IDLE_MS, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }

  /** Claims a webhook and serves it in the background; false when nothing is due that may be served now. */
  private async serveNext(): Promise<boolean> {
    const claim = await claimWebhook(this.parts.db, this.now(), this.leaseEnd(), this.busyOrigins());
    if (claim === null) return false;
    const served: Promise<void> = this.serve(claim)
      .catch((error: unknown) =>
        this.parts.log.warn({ err: error, webhook: claim.webhook.id }, 'a webhook could not be served'),
      )
      .finally(() => this.serving.delete(served));
    this.serving.set(served, claim.webhook.origin);
    return true;
  }

  private busyOrigins(): readonly string[] {
    const counts = new Map<string, number>();
    for (const origin of this.serving.values()) counts.set(origin, (counts.get(origin) ?? 0) + 1);
    return [...counts].flatMap(([origin, count]) => (count >= MOST_PER_ORIGIN ? [origin] : []));
  }

  private async serve(claim: WebhookClaim): Promise<void> {
    const { db } = this.parts;
    try {
      for (let count = 0; count < MOST_PER_CLAIM && !this.stopping.signal.aborted; count += 1) {
        const webhook = await keepClaim(db, claim, this.leaseEnd());
        const delivery = webhook && (await nextDue(db, webhook.id, this.now()));
        if (!webhook || !delivery) break;
        await this.attempt(claim, webhook, delivery);
      }
    } finally {
      await releaseClaim(db, claim);
    }
  }

  private async attempt(claim: WebhookClaim, webhook: WebhookRow, delivery: DeliveryRow): Promise<void> {
    const { options, random = Math.random } = this.parts;
    const body = await this.bodyOf(delivery);
    const answer: Answer =
      body === null ? { answered: false, fault: 'event_missing' } : await this.send(webhook, delivery, body);
    const at = this.now();
    const verdict = verdictOn(answer, delivery.attempts, at, options, random());
    const isOurs = await this.parts.db.transaction().execute(async (tx) => {
      if (!(await holdsClaim(tx, claim))) return false;
      await recordOutcome(tx, this.parts.audit, { webhook, delivery }, answer, verdict, at);
      return true;
    });
    if (isOurs) this.parts.metrics.webhookAttempted(verdict.to);
    const { id, origin } = webhook;
    const story = { webhook: id, delivery: delivery.id, origin, attempt: delivery.attempts + 1, isOurs };
    if (verdict.to === 'delivered') this.parts.log.debug(story, 'a notice was delivered');
    else this.parts.log.warn({ ...story, ...summaryOf(answer), verdict }, 'a notice was not delivered');
  }

  /** From the log itself, which never changes: the same body at every attempt. Null where somebody took the event away. */
  private async bodyOf({ sequence }: DeliveryRow): Promise<string | null> {
    const [sealed] = await sealedPage(this.parts.db, { after: sequence - 1, upTo: sequence, limit: 1 });
    const type = sealed && noticeTypeOf(sealed.event);
    return sealed && type ? JSON.stringify(cloudEventOf(sealed, type, this.parts.source)) : null;
  }

  private async send(webhook: WebhookRow, { id }: DeliveryRow, body: string): Promise<Answer> {
    const nowMs = this.parts.now();
    const isRotating =
      webhook.previous_secret_until !== null && webhook.previous_secret_until.getTime() > nowMs;
    const old = isRotating && webhook.previous_secret !== null ? [webhook.previous_secret] : [];
    const message = { id, timestamp: Math.floor(nowMs / 1000), body };
    const headers = {
      'content-type': CLOUD_EVENT_TYPE,
      'user-agent': 'Sexton',
      ...signedHeaders(message, [webhook.secret, ...old]),
    };
    return this.parts.sender.post(webhook.url, headers, body, nowMs);
  }

  private now(): Date {
    return new Date(this.parts.now());
  }

  private leaseEnd(): Date {
    return new Date(this.parts.now() + this.parts.options.timeoutMs + MARGIN_MS);
  }
}

const summaryOf = (answer: Answer) => (answer.answered ? { status: answer.status } : { fault: answer.fault });
