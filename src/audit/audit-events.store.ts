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
 * Events before `before`, newest first, of what the caller may see as far as SQL can say.
 *
 * One statement for each thing that lets a caller see an event, merged here: as one `or`, PostgreSQL read all million
 * events in the order of time (500 ms) where a scope covers few of them.
 */
export const findEvents = async (
  db: Db,
  filters: AuditFilters,
  narrowing: Narrowing | null,
  before: EventKey | null,
  limit: number,
): Promise<readonly EventRow[]> => {
  const found = new Map<number, EventRow>();
  for (const sight of sightsOf(narrowing)) {
    const rows = await eventsQuery(db, filters, sight, before, limit).execute();
    for (const row of rows) found.set(row.position, row);
  }
  return [...found.values()]
    .sort((a, b) => b.at.getTime() - a.at.getTime() || b.position - a.position)
    .slice(0, limit);
};

/**
 * Every index on audit_events ends in (at desc, position desc), so that the keyset comparison, a time range and the
 * order are one index range; nothing is counted and nothing skipped over.
 */
export const eventsQuery = (
  db: Db,
  filters: AuditFilters,
  sight: Expression<SqlBool> | null,
  before: EventKey | null,
  limit: number,
) =>
  db
    .selectFrom('audit_events as e')
    // The unique index on event_position finds the seal; only the page's rows are looked up.
    .leftJoin('audit_seals as s', 's.event_position', 'e.position')
    .selectAll('e')
    .select(['s.sequence', 's.hash'])
    .where((eb) => {
      const conditions = [matching(filters)];
      if (sight) conditions.push(sight);
      if (before) {
        conditions.push(eb(eb.refTuple('e.at', 'e.position'), '<', eb.tuple(before.at, before.position)));
      }
      return eb.and(conditions);
    })
    .orderBy('e.at', 'desc')
    .orderBy('e.position', 'desc')
    .limit(limit);

/** The events `e` that pass every filter. */
export const matching = (filters: AuditFilters): Expression<SqlBool> => {
  const eb = expressionBuilder<{ e: AuditEventsTable }, 'e'>();
  const conditions: Expression<SqlBool>[] = EXACT.flatMap(([filter, column]) => {
    const value = filters[filter];
    return value === undefined ? [] : [eb(`e.${column}`, '=', value)];
  });
  if (filters.since !== undefined) conditions.push(eb('e.at', '>=', new Date(filters.since)));
  if (filters.until !== undefined) conditions.push(eb('e.at', '<', new Date(filters.until)));
  if (filters.tag !== undefined) conditions.push(hasTag(filters.tag));
  if (filters.q !== undefined) conditions.push(reasonSays(filters.q));
  return eb.and(conditions);
};

/** Written as the index audit_events_by_reason has it; anything else would read the whole table. */
const reasonSays = (text: string): Expression<SqlBool> =>
  sql<SqlBool>`to_tsvector('simple', left(e.reason, 20000)) @@ websearch_to_tsquery('simple', ${text})`;

/** It was asked for by this name, or went along with its manifest (audit_events_by_tags). */
const hasTag = (tag: string): Expression<SqlBool> =>
  sql<SqlBool>`(e.reference = ${tag} or audit_tags(e.details) @> array[${tag}::text])`;

/** What lets a caller see an event `e`: any one of these; null lets it see all. A scope is a range of audit_events_by_place. */
export const sightsOf = (narrowing: Narrowing | null): readonly (Expression<SqlBool> | null)[] =>
  narrowing === null
    ? [null]
    : [
        sql<SqlBool>`e.actor_id = ${narrowing.actorId}`,
        ...narrowing.places.map(
          ({ registry, repository }) =>
            sql<SqlBool>`(e.registry like ${registry} and e.repository like ${repository})`,
        ),
      ];
