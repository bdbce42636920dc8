import type { AuditLog } from '../audit/audit-log.js';
import type { Db } from '../database/database.js';
import { auditEventOf } from '../deletions/deletion-audit.js';
import type { DeletionsStore } from '../deletions/deletions.store.js';
import type { ApprovalsStore } from './approvals.store.js';

const SEXTON_ITSELF = { id: 'sexton', name: 'Sexton', address: null };

/** Ends deletions that nobody approved in time. */
export class ApprovalExpirer {
  constructor(
    private readonly db: Db,
    private readonly store: ApprovalsStore,
    private readonly deletions: DeletionsStore,
    private readonly audit: AuditLog,
    private readonly now: () => number,
    private readonly onExpired: () => void,
  ) {}

  async expire(): Promise<void> {
    for (const id of await this.store.overdue(new Date(this.now()))) {
      await this.db.transaction().execute(async (tx) => {
        const row = await this.store.lock(tx, id);
        // Decided by somebody, or ended by another process, while this one waited for the row.
        if (row?.state !== 'awaiting_approval') return;
        await this.deletions.move(tx, id, 'expired', { finishedAt: new Date() });
        const details = { expiresAt: row.approval?.expiresAt ?? null };
        const about = { actor: SEXTON_ITSELF, code: 'approval_expired', details };
        await this.audit.record(tx, auditEventOf(row, 'deletion.expired', 'refused', about));
        this.onExpired();
      });
    }
  }
}
