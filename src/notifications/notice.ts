import type { AuditEvent } from '../audit/audit-event.js';

/**
 * What Sexton tells others about. Names are only ever added. Acts on webhooks themselves are not among them: a notice
 * that could not be delivered must not make another one.
 */
export const NOTICE_TYPES = [
  'deletion.requested',
  'deletion.refused',
  'deletion.awaiting_approval',
  'deletion.approved',
  'deletion.rejected',
  'deletion.expired',
  'deletion.cancelled',
  'deletion.succeeded',
  'deletion.partially_succeeded',
  'deletion.failed',
  'deletion.restored',
  'deletion.restore_failed',
  'collection.succeeded',
  'collection.failed',
  'collection.cancelled',
  'collection.undone',
  'hold.created',
  'hold.lift_requested',
  'hold.removed',
  'pause.created',
  'pause.ended',
  'registry.parked',
] as const;

export type NoticeType = (typeof NOTICE_TYPES)[number];

const KNOWN: ReadonlySet<string> = new Set(NOTICE_TYPES);
const isNotice = (action: string): action is NoticeType => KNOWN.has(action);

/** What an audit event is a notice of; null for one that nobody is told about. */
export const noticeTypeOf = ({ action, outcome, details }: AuditEvent): NoticeType | null => {
  const isFailed = outcome === 'failed';
  switch (action) {
    case 'deletion.finished':
      if (isFailed) return 'deletion.failed';
      return details['state'] === 'partially_succeeded'
        ? 'deletion.partially_succeeded'
        : 'deletion.succeeded';
    case 'deletion.restored':
      return isFailed ? 'deletion.restore_failed' : 'deletion.restored';
    case 'collection.finished':
      return isFailed ? 'collection.failed' : 'collection.succeeded';
    default:
      return isNotice(action) ? action : null;
  }
};

/**
 * What is told only once to a webhook; null for what may happen again. A refused deletion has an audit event for each of
 * its references, up to a thousand, and is one notice.
 */
export const onceKeyOf = (type: NoticeType, { deletionId }: AuditEvent): string | null =>
  type === 'deletion.refused' && deletionId !== null ? `${type} ${deletionId}` : null;
