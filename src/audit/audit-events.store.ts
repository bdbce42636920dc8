import { sql, type Expression, type Selectable, type SqlBool } from 'kysely';
import type { Db } from '../database/database.js';
import type { AuditEventsTable } from './audit.tables.js';
import type { ListAuditEvents } from './audit.dto.js';
import { likeText, type Narrowing } from './audit-visibility.js';

/** Where a page ends: the sort key of its last event. */
export interface EventKey {
  readonly at: Date;
  readonly position: number;
}

export type EventRow = Selectable<AuditEventsTable> & { sequence: number | null; hash: string | null };

type Filters = Omit<ListAuditEvents, 'limit' | 'cursor'>;

/** Filters that compare a column exactly. */
const EXACT = [
  ['registry', 'registry'],
  ['repository', 'repository'],
  ['actor', 'actor_id'],
  ['action', 'action'],
  ['deletion', 'deletion_id'],
  ['reference', 'reference'],
  ['digest', 'digest'],
  ['outcome', 'outcome'],
  ['code', 'code'],
  ['ticket', 'ticket'],
  ['requestId', 'request_id'],
] as const satisfies readonly (readonly [keyof Filters, keyof AuditEventsTable])[];

/**
 * Events before `before`, newest first. Every index on audit_events ends in (at desc, position desc), so that the keyset
 * comparison, a time range and the order are one index range; nothing is counted and nothing skipped over.
 */
export const findEvents = (
  db: Db,
  filters: Filters,
  narrowing: Narrowing | null,
  before: EventKey | null,
  limit: number,
): Promise<EventRow[]> => {
  return (
    db
      .selectFrom('audit_events as e')
      // The unique index on event_position finds the seal; only the page's rows are looked up.
      .leftJoin('audit_seals as s', 's.event_position', 'e.position')
      .selectAll('e')
      .select(['s.sequence', 's.hash'])
      .where((eb) => {
        const conditions: Expression<SqlBool>[] = EXACT.flatMap(([filter, column]) => {
          const value = filters[filter];
          return value === undefined ? [] : [eb(`e.${column}`, '=', value)];
        });
        if (filters.since !== undefined) conditions.push(eb('e.at', '>=', new Date(filters.since)));
        if (filters.until !== undefined) conditions.push(eb('e.at', '<', new Date(filters.until)));
        if (filters.q !== undefined) conditions.push(eb('e.reason', 'ilike', `%${likeText(filters.q)}%`));
        if (before) {
          conditions.push(eb(eb.refTuple('e.at', 'e.position'), '<', eb.tuple(before.at, before.position)));
        }
        if (narrowing) conditions.push(visibleTo(narrowing));
        return eb.and(conditions);
      })
      .orderBy('e.at', 'desc')
      .orderBy('e.position', 'desc')
      .limit(limit)
      .execute()
  );
};

const visibleTo = ({ actorId, places }: Narrowing): Expression<SqlBool> =>
  sql<SqlBool>`(e.actor_id = ${actorId} or e.registry || '/' || e.repository like any (${places}::text[]))`;
