import { Injectable } from '@nestjs/common';
import { collectDefaultMetrics, Counter, Gauge, Histogram, Registry } from 'prom-client';
import { InstallationMetrics } from './installation-metrics.js';
import { ProcessMetrics } from './process-metrics.js';

/** What waits in one registry; `oldestSeconds` is 0 when nothing does. */
export interface QueueReading {
  readonly registry: string;
  readonly waiting: number;
  readonly oldestSeconds: number;
}

export interface SealingReading {
  readonly waiting: number;
  readonly oldestSeconds: number;
}

/** How far one destination of the audit log is behind. */
export interface ForwardingReading {
  readonly destination: string;
  readonly waiting: number;
  readonly oldestSeconds: number;
}

/** Notices that are not delivered: still waiting, and given up. */
export interface WebhookReading {
  readonly waiting: number;
  readonly oldestSeconds: number;
  readonly dead: number;
}

/**
 * Everything that `/metrics` shows, in a registry of its own. Labels are names from the configuration and stable codes,
 * never repositories or tags: their number stays small whatever users do.
 */
@Injectable()
export class Metrics {
  readonly registry = new Registry();
  private readonly watched: (() => Promise<void>)[] = [];
  private readonly watch = (read: () => Promise<void>): void => void this.watched.push(read);
  readonly installation = new InstallationMetrics(this.registry, this.watch);
  readonly process = new ProcessMetrics(this.registry, this.watch);

  private readonly deletions = new Counter({
    name: 'sexton_deletions_ended_total',
    help: 'Deletions that ended, by state.',
    labelNames: ['state'],
    registers: [this.registry],
  });
  private readonly targets = new Counter({
    name: 'sexton_targets_ended_total',
    help: 'Targets of deletions that ended, by outcome.',
    labelNames: ['outcome'],
    registers: [this.registry],
  });
  private readonly upstreamSeconds = new Histogram({
    name: 'sexton_upstream_request_duration_seconds',
    help: 'Requests to upstream registries, each attempt by itself.',
    labelNames: ['registry', 'method', 'status'],
    buckets: [0.005, 0.02, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 15, 60],
    registers: [this.registry],
  });
  private readonly upstreamErrors = new Counter({
    name: 'sexton_upstream_errors_total',
    help: 'Attempts of upstream calls that failed, by code.',
    labelNames: ['registry', 'code'],
    registers: [this.registry],
  });
  private readonly notRung = new Counter({
    name: 'sexton_queue_wake_ups_not_rung_total',
    help: 'Wake-ups of accepted deletions that the queue did not take; the reconciler rings again.',
    labelNames: ['registry'],
    registers: [this.registry],
  });
  private readonly queueWaiting = new Gauge({
    name: 'sexton_queue_waiting_deletions',
    help: 'Accepted deletions that wait, in the whole installation.',
    labelNames: ['registry'],
    registers: [this.registry],
  });
  private readonly queueOldest = new Gauge({
    name: 'sexton_queue_oldest_waiting_seconds',
    help: 'Age of the oldest waiting deletion; 0 when none waits.',
    labelNames: ['registry'],
    registers: [this.registry],
  });
  private readonly unsealed = new Gauge({
    name: 'sexton_audit_unsealed_events',
    help: 'Audit events that are not in the hash chain yet.',
    registers: [this.registry],
  });
  private readonly oldestUnsealed = new Gauge({
    name: 'sexton_audit_oldest_unsealed_seconds',
    help: 'Age of the oldest audit event that is not in the hash chain yet. More than a minute means that sealing stopped.',
    registers: [this.registry],
  });
  private readonly unsigned = new Gauge({
    name: 'sexton_audit_unsigned_events',
    help: 'Audit events in the hash chain that no signed checkpoint covers yet; 0 without a signing key.',
    registers: [this.registry],
  });
  private readonly forwardWaiting = new Gauge({
    name: 'sexton_audit_forward_waiting_events',
    help: 'Audit events that a destination does not have yet.',
    labelNames: ['destination'],
    registers: [this.registry],
  });
  private readonly forwardOldest = new Gauge({
    name: 'sexton_audit_forward_oldest_waiting_seconds',
    help: 'For how long the oldest of them has been in the hash chain; 0 when none waits.',
    labelNames: ['destination'],
    registers: [this.registry],
  });
  private readonly webhookAttempts = new Counter({
    name: 'sexton_webhook_attempts_total',
    help: 'Attempts to deliver a notice to a webhook, by what came of them: delivered, again, dead or gone.',
    labelNames: ['outcome'],
    registers: [this.registry],
  });
  private readonly webhookWaiting = new Gauge({
    name: 'sexton_webhook_waiting_deliveries',
    help: 'Notices that wait for delivery to an enabled webhook, in the whole installation.',
    registers: [this.registry],
  });
  private readonly webhookOldest = new Gauge({
    name: 'sexton_webhook_oldest_waiting_seconds',
    help: 'Age of the oldest of them; 0 when none waits.',
    registers: [this.registry],
  });
  private readonly webhookDead = new Gauge({
    name: 'sexton_webhook_dead_deliveries',
    help: 'Notices that were given up, and neither sent again nor forgotten since.',
    registers: [this.registry],
  });
  private readonly failedReadings = new Counter({
    name: 'sexton_metrics_failed_readings_total',
    help: 'Readings that failed while metrics were collected; their gauges are then absent or zero.',
    registers: [this.registry],
  });

  constructor() {
    collectDefaultMetrics({ register: this.registry });
  }

  /** A deletion ended in `state`. */
  ended(state: string): void {
    this.deletions.inc({ state });
  }

  targetEnded(outcome: string): void {
    this.targets.inc({ outcome });
  }

  /** One attempt; `status` is the HTTP status, or `error` where no answer came. */
  upstreamAnswered(registry: string, method: string, status: number | 'error', seconds: number): void {
    this.upstreamSeconds.observe({ registry, method, status: String(status) }, seconds);
  }

  upstreamFailed(registry: string, code: string): void {
    this.upstreamErrors.inc({ registry, code });
  }

  /** The queue did not take a wake-up. */
  wakeUpNotRung(registry: string): void {
    this.notRung.inc({ registry });
  }

  /** Reads the queue at each collection. */
  watchQueue(read: () => Promise<readonly QueueReading[]>): void {
    this.watched.push(async () => {
      this.queueWaiting.reset();
      this.queueOldest.reset();
      for (const { registry, waiting, oldestSeconds } of await read()) {
        this.queueWaiting.set({ registry }, waiting);
        this.queueOldest.set({ registry }, oldestSeconds);
      }
    });
  }

  /** Reads how far sealing is behind at each collection. */
  watchSealing(read: () => Promise<SealingReading>): void {
    this.watched.push(async () => {
      const { waiting, oldestSeconds } = await read();
      this.unsealed.set(waiting);
      this.oldestUnsealed.set(oldestSeconds);
    });
  }

  /** Reads how far signing is behind at each collection. */
  watchSigning(read: () => Promise<number>): void {
    this.watched.push(async () => this.unsigned.set(await read()));
  }

  /** Reads how far each destination of the audit log is behind at each collection. */
  watchForwarding(read: () => Promise<readonly ForwardingReading[]>): void {
    this.watched.push(async () => {
      for (const { destination, waiting, oldestSeconds } of await read()) {
        this.forwardWaiting.set({ destination }, waiting);
        this.forwardOldest.set({ destination }, oldestSeconds);
      }
    });
  }

  /** One attempt to deliver a notice. */
  webhookAttempted(outcome: string): void {
    this.webhookAttempts.inc({ outcome });
  }

  /** Reads what was not delivered to webhooks at each collection. */
  watchWebhooks(read: () => Promise<WebhookReading>): void {
    this.watched.push(async () => {
      const { waiting, oldestSeconds, dead } = await read();
      this.webhookWaiting.set(waiting);
      this.webhookOldest.set(oldestSeconds);
      this.webhookDead.set(dead);
    });
  }

  /** The text of `/metrics`. A reading that fails is counted; the others are shown all the same. */
  async collect(): Promise<string> {
    const readings = await Promise.allSettled(this.watched.map((read) => read()));
    const failed = readings.filter((reading) => reading.status === 'rejected').length;
    if (failed > 0) this.failedReadings.inc(failed);
    return this.registry.metrics();
  }
}
