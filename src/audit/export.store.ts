import type { Db } from '../database/database.js';
import type { AuditEvent } from './audit-event.js';
import { matching, sightsOf } from './audit-events.store.js';
import type { AuditFilters } from './audit-filters.dto.js';
import { eventOf } from './audit-rows.js';
import type { Narrowing } from './audit-visibility.js';
import { EMPTY_CHAIN, type ChainHead, type Seal } from './chain.js';

export interface SealedEvent {
  readonly seal: Seal;
  readonly event: AuditEvent;
}

/** The chain's end as it stands. */
export const chainHead = async (db: Db): Promise<ChainHead> =>
  (await db
    .selectFrom('audit_seals')
    .select(['sequence', 'hash'])
    .orderBy('sequence', 'desc')
    .limit(1)
    .executeTakeFirst()) ?? EMPTY_CHAIN;

/**
 * Sealed events after `after` and up to `upTo`, in the order of the chain. A keyset on the seals' primary key and no
 * long transaction: sealed events never change, so that pages of different moments fit together.
 */
export const sealedPage = async (
  db: Db,
  range: { readonly after: number; readonly upTo: number; readonly limit: number },
  filters: AuditFilters = {},
  narrowing: Narrowing | null = null,
): Promise<SealedEvent[]> => {
  const rows = await db
    .selectFrom('audit_seals as s')
    .innerJoin('audit_events as e', 'e.position', 's.event_position')
    .selectAll('e')
    .select(['s.sequence', 's.event_id', 's.previous_hash', 's.hash'])
    .where('s.sequence', '>', range.after)
    .where('s.sequence', '<=', range.upTo)
    .where((eb) => {
      const sights = sightsOf(narrowing).filter((sight) => sight !== null);
      return sights.length > 0 ? eb.and([matching(filters), eb.or(sights)]) : matching(filters);
    })
    .orderBy('s.sequence')
    .limit(range.limit)
    .execute();
  return rows.map(({ sequence, event_id: eventId, previous_hash: previousHash, hash, ...row }) => ({
    seal: { sequence, eventId, previousHash, hash },
    event: eventOf(row),
  }));
};
