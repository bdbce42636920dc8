import {
  Inject,
  Injectable,
  type BeforeApplicationShutdown,
  type OnApplicationBootstrap,
} from '@nestjs/common';
import { DATABASE, type Db } from '../database/database.js';
import { LOGGER, type Logger } from '../telemetry/logger.js';
import { AuditLog } from './audit-log.js';
import { CheckpointSigner } from './checkpoint-signer.js';
import { sealNextBatch } from './seal-batch.store.js';

const BATCH = 500;
/** Finds what other processes recorded, and what a nudge came too early for. */
const INTERVAL_MS = 1_000;
/** A record is nudged before its commit; the delay lets it commit, and gathers a burst into one batch. */
const NUDGE_MS = 100;

/**
 * Chains events in the background, and has the chain's head signed. Every process runs one; a database lock lets one of them at a time seal, so that
 * when that process dies the next tick of another goes on.
 */
@Injectable()
export class AuditSealer implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private timer: NodeJS.Timeout | null = null;
  private dueAtMs = Infinity;
  private round: Promise<unknown> = Promise.resolve();
  private unsubscribe: (() => void) | null = null;

  constructor(
    @Inject(DATABASE) private readonly db: Db,
    private readonly log: AuditLog,
    private readonly signer: CheckpointSigner,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  onApplicationBootstrap(): void {
    this.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.stop();
  }

  start(): void {
    if (this.unsubscribe) return;
    this.unsubscribe = this.log.onRecord(() => this.schedule(NUDGE_MS));
    this.schedule(0);
  }

  /** Ends after the round that runs. What is unsealed by then is sealed by another process, or at the next start. */
  async stop(): Promise<void> {
    this.unsubscribe?.();
    this.unsubscribe = null;
    if (this.timer) clearTimeout(this.timer);
    this.timer = null;
    this.dueAtMs = Infinity;
    await this.round;
  }

  /** Seals until what waited is sealed or another process has the lock; returns how many it sealed. */
  async sealWaiting(): Promise<number> {
    for (let total = 0; ;) {
      const batch = await sealNextBatch(this.db, BATCH);
      if (batch.by === 'elsewhere') return total;
      total += batch.sealed;
      const { sequence, hash } = batch.head;
      if (batch.sealed > 0) this.logger.debug({ sequence, hash }, 'audit events sealed');
      // What was recorded meanwhile has its own nudge.
      if (batch.sealed < BATCH) return total;
    }
  }

  private schedule(delayMs: number): void {
    const dueAtMs = Date.now() + delayMs;
    if (this.unsubscribe === null || this.dueAtMs <= dueAtMs) return;
    if (this.timer) clearTimeout(this.timer);
    this.dueAtMs = dueAtMs;
    this.timer = setTimeout(() => this.tick(), delayMs).unref();
  }

  private tick(): void {
    this.dueAtMs = Infinity;
    this.round = this.round
      .then(() => this.sealWaiting())
      .then(() => this.signer.signDue())
      // The next round is the answer; a lasting fault shows in this log and in the sealing lag.
      .catch((error: unknown) => this.logger.warn({ err: error }, 'audit sealing failed'))
      .finally(() => this.schedule(INTERVAL_MS));
  }
}
