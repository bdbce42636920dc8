import { Inject, Injectable } from '@nestjs/common';
import { DATABASE, type Db } from '../database/database.js';
import { LOGGER, type Logger } from '../telemetry/logger.js';
import { AUDIT_OPTIONS, type AuditOptions } from './audit-options.js';
import type { Checkpoint } from './checkpoint.js';
import { signIfDue } from './checkpoint.store.js';

/** Signs the chain's head from time to time, where a signing key is configured, and remembers what it saw signed. */
@Injectable()
export class CheckpointSigner {
  private latest: Checkpoint | null = null;
  private reported: string | null = null;

  constructor(
    @Inject(DATABASE) private readonly db: Db,
    @Inject(AUDIT_OPTIONS) private readonly options: AuditOptions,
    @Inject(LOGGER) private readonly logger: Logger,
  ) {}

  /** The last checkpoint that this process saw: whoever takes it out of the database does not take it from here. */
  get seen(): Checkpoint | null {
    return this.latest;
  }

  /** Makes every checkpoint that is due. What does not hold is logged once, and not signed. */
  async signDue(): Promise<void> {
    const { signingKey: key, checkpointEvents: events, checkpointMs: ms } = this.options;
    if (key === null) return;
    for (;;) {
      const result = await signIfDue(this.db, { key, events, ms }, this.latest);
      if (result.kind === 'elsewhere') return;
      if (result.kind === 'unsound') {
        if (this.reported !== result.fault.message) {
          this.logger.error(
            { fault: result.fault },
            'the audit chain is broken; it is not signed any further',
          );
        }
        this.reported = result.fault.message;
        return;
      }
      this.latest = result.checkpoint;
      if (result.kind === 'not_due') return;
      const { number, sequence } = result.checkpoint;
      this.logger.info({ checkpoint: number, sequence }, 'audit checkpoint signed');
    }
  }
}
