import type { AuditLog } from '../../audit/audit-log.js';
import type { Db } from '../../database/database.js';
import type { Logger } from '../../telemetry/logger.js';
import type { Metrics } from '../../telemetry/metrics.js';
import type { WebhookOptions } from '../webhook-options.js';
import { WebhookDeliverer } from './deliverer.js';
import { WebhookSender } from './sender.js';

interface Parts {
  readonly config: {
    readonly http: { readonly publicUrl: string | null };
    readonly notifications: { readonly webhooks: WebhookOptions };
  };
  readonly db: Db;
  readonly audit: AuditLog;
  readonly metrics: Metrics;
  readonly log: Logger;
  readonly now: () => number;
}

/** What delivers to webhooks in a process with workers. */
export const createDeliverer = ({ config, ...parts }: Parts): { start(): void; stop(): Promise<void> } => {
  const options = config.notifications.webhooks;
  const sender = new WebhookSender(options);
  const source = sourceOf(config.http.publicUrl);
  const deliverer = new WebhookDeliverer({ ...parts, options, source, sender });
  return {
    start: () => deliverer.start(),
    stop: async () => {
      await deliverer.stop();
      await sender.close();
    },
  };
};

/** CloudEvents' `source`: the installation. */
export const sourceOf = (publicUrl: string | null): string => publicUrl ?? 'urn:sexton';
