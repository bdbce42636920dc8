import type { AuditLog } from '../../audit/audit-log.js';
import type { Tx } from '../../database/database.js';
import { collectionAudit } from './collection-audit.js';
import type { CollectionRow, CollectionsStore } from './collections.store.js';

/**
 * Ends a collection that no longer runs, in `tx`, where somebody asked for it while it did; false where nobody had.
 * Called after the row was moved, and so locked: whoever asks later finds that it waits, and ends it at once.
 */
export const endIfCancelled = async (
  { store, audit, worker }: { store: CollectionsStore; audit: AuditLog; worker: string },
  tx: Tx,
  row: CollectionRow,
  finishedAt: Date,
): Promise<boolean> => {
  const request = (await store.find(row.id, tx))?.cancel_request ?? null;
  if (request === null) return false;
  const moved = await store.move(tx, row.id, 'cancelled', { finishedAt, cancelRequest: null });
  if (!moved) return false;
  const about = { actor: request.by, reason: request.reason, requestId: request.requestId };
  const details = { worker };
  const event = collectionAudit(row, 'collection.cancelled', 'succeeded', { ...about, details });
  await audit.record(tx, event);
  return true;
};
