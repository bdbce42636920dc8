import { AuditLog } from '../audit/audit-log.js';
import type { Db } from '../database/database.js';
import { FaultLog } from '../telemetry/fault-log.js';
import type { Logger } from '../telemetry/logger.js';
import type { FailedLogin } from './permission.guard.js';

/** One event an address and minute: whoever hammers the door does not fill the audit log. */
const RESOLUTION_MS = 60_000;
const MOST_ADDRESSES = 10_000;

/** Records failed log-ins in the audit log, counting those that follow the first of an address and minute. */
export const failedLoginRecorder = (db: Db, audit: AuditLog, log: Logger): FailedLogin => {
  const faults = new FaultLog(log, 'a failed log-in could not be recorded', 'error');
  const seen = new Map<string, { at: number; suppressed: number }>();
  return ({ code, address, path, requestId }) => {
    const key = address ?? 'unknown';
    const before = seen.get(key);
    const now = Date.now();
    if (before && now - before.at < RESOLUTION_MS) {
      before.suppressed += 1;
      return;
    }
    if (seen.size >= MOST_ADDRESSES) seen.clear();
    seen.set(key, { at: now, suppressed: 0 });
    const suppressed = before?.suppressed ?? 0;
    audit
      .record(db, {
        action: 'login.failed',
        outcome: 'refused',
        code,
        requestId,
        actor: { id: 'anonymous', name: 'anonymous', address },
        details: { path: path.slice(0, 200), ...(suppressed > 0 && { notRecordedBefore: suppressed }) },
      })
      .catch(faults.report);
  };
};
