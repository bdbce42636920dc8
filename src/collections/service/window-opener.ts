import { sql } from 'kysely';
import { newId } from '../../ids/new-id.js';
import type { AuditLog } from '../../audit/audit-log.js';
import type { Db } from '../../database/database.js';
import type { CollectionOptions } from '../collection-options.js';
import { windowUntil } from '../windows/open.js';
import { collectionAudit } from './collection-audit.js';
import type { CollectionsStore, NewCollection } from './collections.store.js';

/** Who asks where nobody does: whoever wrote the windows into sexton.yaml. */
const CONFIGURATION = { id: 'configuration', name: 'sexton.yaml' } as const;

/** Taken for the time of one insert, so that of many processes one alone asks. */
const LOCK = 'collections:automatic';

/** Asks for a collection when a window opens, once for each window, and not where somebody asked already. */
export class WindowOpener {
  constructor(
    private readonly db: Db,
    private readonly store: CollectionsStore,
    private readonly audit: AuditLog,
    private readonly now: () => number,
  ) {}

  async open({ registry, engine, rules, isAutomatic, untaggedMinAgeMs }: CollectionOptions): Promise<void> {
    const nowMs = this.now();
    const until = isAutomatic ? windowUntil(rules, nowMs) : null;
    if (until === null) return;
    await this.db.transaction().execute(async (tx) => {
      await sql`select pg_advisory_xact_lock(hashtextextended(${LOCK}, 0))`.execute(tx);
      if (await this.store.hadItsTurn(tx, registry, new Date(until))) return;
      const collection: NewCollection = {
        id: newId(),
        registry,
        engine: engine.kind,
        mode: 'collect',
        run_when: 'window',
        untagged_min_age_ms: untaggedMinAgeMs,
        reason: 'The maintenance window opened',
        ticket: null,
        requested_by_id: CONFIGURATION.id,
        requested_by_name: CONFIGURATION.name,
        requested_by_address: null,
        request_id: null,
        created_at: new Date(nowMs),
      };
      await this.store.insert(tx, collection);
      const details = { engine: engine.kind, mode: 'collect', when: 'window' };
      await this.audit.record(
        tx,
        collectionAudit(collection, 'collection.requested', 'accepted', { details }),
      );
    });
  }
}
