import type { Approval } from '../approvals/approval.js';
import type { NewAuditEvent } from '../audit/audit-event.js';
import { auditEventOf } from './deletion-audit.js';
import type { DeletionRow } from './deletion-view.js';
import type { Plan } from '../planning/plan.js';

/** What becomes of a deletion once it is planned. */
export interface Following {
  readonly to: 'planned' | 'refused' | 'awaiting_approval' | 'queued';
  readonly plan: Plan;
  readonly approval: Approval | null;
}

/** What the audit log says of a plan: each refusal, or what would go, and what happens next. */
export const planningEvents = (
  row: DeletionRow,
  to: Following['to'],
  plan: Plan,
  approval: Approval | null,
): readonly NewAuditEvent[] => {
  if (to === 'refused') {
    return plan.refusals.map(({ reference, code, message }) =>
      auditEventOf(row, 'deletion.refused', 'refused', { reference, code, details: { message } }),
    );
  }
  const details = { planHash: plan.hash, targets: plan.targets.length };
  const bytes = plan.reclaimableBytes.value;
  const planned = auditEventOf(row, 'deletion.planned', 'succeeded', { bytes, details });
  if (to === 'planned') return [planned];
  if (to === 'queued') return [planned, auditEventOf(row, 'deletion.queued', 'accepted', { details })];
  return [planned, ...(approval ? [awaitingEvent(row, approval)] : [])];
};

/** Why a deletion waits for people, as the rules were then. */
export const awaitingEvent = (row: DeletionRow, approval: Approval): NewAuditEvent => {
  const { planHash, needed, rules, expiresAt } = approval;
  const details = { planHash, needed, expiresAt, rules: rules.map((rule) => ({ ...rule })) };
  return auditEventOf(row, 'deletion.awaiting_approval', 'accepted', { details });
};
