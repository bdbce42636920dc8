import type { AuditLog } from '../../audit/audit-log.js';
import { SEXTON_ITSELF } from '../../audit/configuration-changes.js';
import type { Tx } from '../../database/database.js';
import { disableGone, recordAttempt, type DeliveryRow, type WebhookRow } from './claims.store.js';
import type { Answer } from './sender.js';
import type { Verdict } from './verdict.js';

/** Records what came of an attempt, and in the audit log what was given up. */
export const recordOutcome = async (
  tx: Tx,
  audit: AuditLog,
  { webhook, delivery }: { readonly webhook: WebhookRow; readonly delivery: DeliveryRow },
  answer: Answer,
  verdict: Verdict,
  at: Date,
): Promise<void> => {
  const status = answer.answered ? answer.status : null;
  await recordAttempt(tx, delivery, {
    state: stateAfter(verdict),
    at,
    nextAt: verdict.to === 'again' ? verdict.at : null,
    status,
    fault: verdict.to === 'delivered' ? null : verdict.fault,
  });
  if (verdict.to !== 'dead' && verdict.to !== 'gone') return;
  const { id, name, origin } = webhook;
  await audit.record(tx, {
    action: 'webhook.delivery_dead',
    outcome: 'failed',
    actor: SEXTON_ITSELF,
    details: {
      webhook: id,
      name,
      origin,
      delivery: delivery.id,
      event: delivery.sequence,
      type: delivery.type,
      attempts: delivery.attempts + 1,
      fault: verdict.fault,
      status,
    },
  });
  if (verdict.to === 'dead') return;
  await disableGone(tx, id, at);
  await audit.record(tx, {
    action: 'webhook.disabled',
    outcome: 'failed',
    actor: SEXTON_ITSELF,
    details: { webhook: id, name, origin, because: 'gone' },
  });
};

const stateAfter = ({ to }: Verdict): DeliveryRow['state'] => {
  switch (to) {
    case 'delivered':
      return 'delivered';
    case 'again':
      return 'waiting';
    case 'dead':
    case 'gone':
      return 'dead';
  }
};
