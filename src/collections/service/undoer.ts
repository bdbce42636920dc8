import type { AuditLog } from '../../audit/audit-log.js';
import { parseRegistryName, type RegistryName } from '../../oci/names.js';
import type { CollectionOptions } from '../collection-options.js';
import type { StorageAt } from '../engines/sexton/open-storage.js';
import { undoInStorage, type StorageHolder } from '../engines/sexton/seam.js';
import { collectionAudit } from './collection-audit.js';
import type { CollectionRow, CollectionsStore } from './collections.store.js';
import type { RegistryClaim } from './registry-claim.js';
import type { Retries } from './retries.js';

/** Brings back everything that a collection took away and that was not purged. */
export class Undoer {
  constructor(
    private readonly store: CollectionsStore,
    private readonly audit: AuditLog,
    private readonly storageOf: (registry: RegistryName) => StorageAt | null,
    private readonly holderFor: (
      options: CollectionOptions['registry'],
      held: RegistryClaim,
    ) => StorageHolder,
    private readonly retries: Retries,
    private readonly worker: string,
  ) {}

  async undo(held: RegistryClaim, row: CollectionRow): Promise<void> {
    const registry = parseRegistryName(row.registry);
    const at = this.storageOf(registry);
    const request = row.undo_request;
    if (!request) return;
    try {
      if (!at) {
        const message = 'The registry is no longer collected by Sexton itself';
        await this.store.giveUpUndo(held.claim.db, row.id, { code: 'not_undoable', message, retryAt: null });
        return;
      }
      const { entries, bytes, purged, missing } = await undoInStorage(
        at,
        this.holderFor(registry, held),
        row.id,
      );
      await held.claim.db.transaction().execute(async (tx) => {
        await this.store.move(tx, row.id, 'undone', { undoRequest: null, problem: null });
        await this.audit.record(
          tx,
          collectionAudit(row, 'collection.undone', 'succeeded', {
            actor: request.by,
            reason: request.reason,
            requestId: request.requestId,
            bytes,
            details: { worker: this.worker, broughtBack: entries, purgedBefore: purged, missing },
          }),
        );
      });
    } catch (thrown) {
      const error = this.retries.asSextonError(row, thrown);
      if (error.canRetry) await this.retries.postpone(held.claim, row, error);
      else {
        const problem = { code: error.code, message: error.message, retryAt: null };
        await this.store.giveUpUndo(held.claim.db, row.id, problem);
      }
    }
  }
}
