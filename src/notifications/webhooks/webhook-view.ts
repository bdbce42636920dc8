import type { DeliveryRow, WebhookRow } from './claims.store.js';
import type { DeliveryView } from './deliveries.dto.js';
import { ATTEMPT_FAULTS, isAttemptFault } from './verdict.js';
import type { WebhookView } from './webhooks.dto.js';

/** A webhook without its secrets. */
export const webhookView = (row: WebhookRow, now: Date): WebhookView => ({
  id: row.id,
  name: row.name,
  url: row.url,
  events: row.events,
  repositories: row.repositories,
  enabled: row.disabled_at === null,
  disabledAt: row.disabled_at?.toISOString() ?? null,
  disabledBecause: row.disabled_because,
  previousSecretUntil:
    row.previous_secret_until !== null && row.previous_secret_until > now
      ? row.previous_secret_until.toISOString()
      : null,
  createdAt: row.created_at.toISOString(),
  createdBy: { id: row.created_by_id, name: row.created_by_name },
});

export const deliveryView = (row: DeliveryRow): DeliveryView => ({
  id: row.id,
  webhook: row.webhook_id,
  type: row.type,
  event: { sequence: row.sequence },
  state: row.state,
  attempts: row.attempts,
  createdAt: row.created_at.toISOString(),
  nextAttemptAt: row.next_attempt_at?.toISOString() ?? null,
  lastAttemptAt: row.last_attempt_at?.toISOString() ?? null,
  lastStatus: row.last_status,
  lastFault:
    row.last_fault === null
      ? null
      : {
          code: row.last_fault,
          message: isAttemptFault(row.last_fault) ? ATTEMPT_FAULTS[row.last_fault] : row.last_fault,
        },
  finishedAt: row.finished_at?.toISOString() ?? null,
});
