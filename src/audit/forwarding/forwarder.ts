import type { BeforeApplicationShutdown, OnApplicationBootstrap } from '@nestjs/common';
import { setTimeout as pause } from 'node:timers/promises';
import type { Db } from '../../database/database.js';
import type { Logger } from '../../telemetry/logger.js';
import type { ForwardOptions } from '../audit-options.js';
import type { Destination } from './destination.js';
import { FileDestination } from './file-destination.js';
import { forwardNextBatch } from './forward-batch.store.js';
import { SyslogDestination } from './syslog-destination.js';

const BATCH = 500;
/** Gathers what happens meanwhile into one batch: each is a connection of its own, or an fsync. */
const IDLE_MS = 2_000;
const FIRST_RETRY_MS = 1_000;
const LONGEST_RETRY_MS = 60_000;

export const createDestination = (options: ForwardOptions): Destination => {
  switch (options.type) {
    case 'syslog':
      return new SyslogDestination(options);
    case 'file':
      return new FileDestination(options.name, options.path);
  }
};

/**
 * Brings the audit log to each destination, at least once and in order. Every process tries; a database lock lets one at
 * a time deliver, so that when that one dies another goes on from the cursor.
 */
export class AuditForwarder implements OnApplicationBootstrap, BeforeApplicationShutdown {
  private stopping = new AbortController();
  private loops: readonly Promise<void>[] = [];

  constructor(
    private readonly db: Db,
    private readonly destinations: readonly Destination[],
    private readonly logger: Logger,
    private readonly waits = { idleMs: IDLE_MS, firstRetryMs: FIRST_RETRY_MS },
  ) {}

  onApplicationBootstrap(): void {
    this.start();
  }

  async beforeApplicationShutdown(): Promise<void> {
    await this.stop();
  }

  start(): void {
    this.loops = this.destinations.map((destination) => this.run(destination, this.stopping.signal));
  }

  /** Ends after the deliveries that are under way. What is left, another process delivers, or the next start. */
  async stop(): Promise<void> {
    this.stopping.abort();
    await Promise.all(this.loops);
    this.loops = [];
    this.stopping = new AbortController();
  }

  private async run(destination: Destination, signal: AbortSignal): Promise<void> {
    for (let failures = 0; !signal.aborted;) {
      let waitMs = this.waits.idleMs;
      try {
        const batch = await forwardNextBatch(this.db, destination, BATCH);
        if (failures > 0) this.logger.info({ destination: destination.name }, 'audit forwarding goes on');
        failures = 0;
        if (batch.by === 'us' && batch.records >= BATCH) waitMs = 0;
      } catch (error) {
        waitMs = Math.min(LONGEST_RETRY_MS, this.waits.firstRetryMs * 2 ** Math.min(failures, 10));
        failures += 1;
        this.logger.warn({ err: error, destination: destination.name, failures }, 'audit forwarding failed');
      }
      await pause(waitMs, undefined, { signal, ref: false }).catch(() => undefined);
    }
  }
}
