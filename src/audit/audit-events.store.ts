import { expressionBuilder, sql, type Expression, type Selectable, type SqlBool } from 'kysely';
import type { Db } from '../database/database.js';
import type { AuditEventsTable } from './audit.tables.js';
import type { AuditFilters } from './audit-filters.dto.js';
import type { Narrowing } from './audit-visibility.js';

/** Where a page ends: the sort key of its last event. */
export interface EventKey {
  readonly at: Date;
  readonly position: number;
}

export type EventRow = Selectable<AuditEventsTable> & { sequence: number | null; hash: string | null };

/** Filters that compare a column exactly. */
const EXACT = [
  ['registry', 'registry'],
  ['repository', 'repository'],
  ['actor', 'actor_id'],
  ['actorName', 'actor_name'],
  ['actorAddress', 'actor_address'],
  ['action', 'action'],
  ['deletion', 'deletion_id'],
  ['reference', 'reference'],
  ['digest', 'digest'],
  ['outcome', 'outcome'],
  ['code', 'code'],
  ['ticket', 'ticket'],
  ['requestId', 'request_id'],
] as const satisfies readonly (readonly [keyof AuditFilters, keyof AuditEventsTable])[];

/**
 * Events before `before`, newest first. Every index on audit_events ends in (at desc, position desc), so that the keyset
 * comparison, a time range and the order are one index range; nothing is counted and nothing skipped over.
 */
export const findEvents = (
  db: Db,
  filters: AuditFilters,
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
        const conditions = [matching(filters, narrowing)];
        if (before) {
          conditions.push(eb(eb.refTuple('e.at', 'e.position'), '<', eb.tuple(before.at, before.position)));
        }
        return eb.and(conditions);
      })
      .orderBy('e.at', 'desc')
      .orderBy('e.position', 'desc')
      .limit(limit)
      .execute()
  );
};

/** The events `e` that pass every filter, and that the caller may see as far as SQL can say. */
export const matching = (filters: AuditFilters, narrowing: Narrowing | null): Expression<SqlBool> => {
  const eb = expressionBuilder<{ e: AuditEventsTable }, 'e'>();
  const conditions: Expression<SqlBool>[] = EXACT.flatMap(([filter, column]) => {
    const value = filters[filter];
    return value === undefined ? [] : [eb(`e.${column}`, '=', value)];
  });
  if (filters.since !== undefined) conditions.push(eb('e.at', '>=', new Date(filters.since)));
  if (filters.until !== undefined) conditions.push(eb('e.at', '<', new Date(filters.until)));
  if (filters.tag !== undefined) conditions.push(hasTag(filters.tag));
  if (filters.q !== undefined) conditions.push(reasonSays(filters.q));
  if (narrowing) conditions.push(visibleTo(narrowing));
  return eb.and(conditions);
};

/** Written as the index audit_events_by_reason has it; anything else would read the whole table. */
const reasonSays = (text: string): Expression<SqlBool> =>
  sql<SqlBool>`(e.reason is not null
    and to_tsvector('simple', left(e.reason, 20000)) @@ websearch_to_tsquery('simple', ${text}))`;

/** By name alone it was asked for, or it went along with its manifest. */
const hasTag = (tag: string): Expression<SqlBool> =>
  sql<SqlBool>`(e.reference = ${tag} or e.details -> 'tags' ? ${tag})`;

const visibleTo = ({ actorId, places }: Narrowing): Expression<SqlBool> =>
  expressionBuilder<{ e: AuditEventsTable }, 'e'>().or([
    sql<SqlBool>`e.actor_id = ${actorId}`,
    // One condition a scope, each a range of audit_events_by_place; `like any (array)` would use no index.
    ...places.map(
      ({ registry, repository }) =>
        sql<SqlBool>`(e.registry like ${registry} and e.repository like ${repository})`,
    ),
  ]);
