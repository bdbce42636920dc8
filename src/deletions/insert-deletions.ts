import { CompiledQuery, type Insertable } from 'kysely';
import type { AuditEventsTable } from '../audit/audit.tables.js';
import { storableText } from '../audit/storable-text.js';
import type { Db } from '../database/database.js';
import type { DeletionRow } from './deletion-view.js';
import { storedSelector, type CreateDeletion } from './deletions.dto.js';
import type { DeletionsTable } from './deletions.tables.js';

export interface NewDeletion {
  readonly id: string;
  readonly request: CreateDeletion;
  readonly requestedBy: { readonly id: string; readonly name: string; readonly address: string | null };
  readonly requestId: string;
  readonly traceparent: string | null;
  readonly createdAt: Date;
  /** What its request leaves in the audit log. */
  readonly event: Insertable<AuditEventsTable>;
}

const DELETION = {
  id: 'text',
  registry: 'text',
  repository: 'text',
  state: 'text',
  dry_run: 'boolean',
  reason: 'text',
  ticket: 'text',
  labels: 'jsonb',
  requested_references: 'jsonb',
  selector: 'jsonb',
  siblings: 'text',
  referrers: 'text',
  children: 'text',
  run_in: 'text',
  requested_by_id: 'text',
  requested_by_name: 'text',
  requested_by_address: 'text',
  request_id: 'text',
  traceparent: 'text',
  created_at: 'timestamptz',
} as const satisfies Partial<Record<keyof Insertable<DeletionsTable>, string>>;

const EVENT = {
  id: 'text',
  action: 'text',
  actor_id: 'text',
  actor_name: 'text',
  actor_address: 'text',
  outcome: 'text',
  code: 'text',
  registry: 'text',
  repository: 'text',
  reference: 'text',
  digest: 'text',
  bytes: 'bigint',
  reason: 'text',
  ticket: 'text',
  request_id: 'text',
  deletion_id: 'text',
  details: 'jsonb',
} as const satisfies Partial<Record<keyof Insertable<AuditEventsTable>, string>>;

/**
 * `insert into` from a JSON array of rows, the parameter at `place`. All columns come as text first: JSON among them is
 * text in JSON, as it is a parameter elsewhere.
 */
const insertInto = (table: string, columns: Readonly<Record<string, string>>, place: string): string => {
  const names = Object.keys(columns);
  const values = Object.entries(columns).map(([name, type]) => `${name}::${type}`);
  return `insert into ${table} (${names.join(', ')})
    select ${values.join(', ')} from json_to_recordset(${place}) as given (${names.join(' text, ')} text)`;
};

/**
 * One text for any number of rows: one that grows with them would be put together, and planned by PostgreSQL, anew each
 * time. See docs/decisions/0014.
 */
const INSERT = `with recorded as (${insertInto('audit_events', EVENT, '$1')})
  ${insertInto('deletions', DELETION, '$2')} returning *`;

/**
 * Inserts deletions together with their audit events, all or none, in one statement; in the order given. Not announced:
 * nobody knows their ids yet.
 */
export const insertDeletions = async (db: Db, asked: readonly NewDeletion[]): Promise<DeletionRow[]> => {
  const events = JSON.stringify(asked.map(({ event }) => event));
  const deletions = JSON.stringify(asked.map(rowOf));
  const { rows } = await db.executeQuery<DeletionRow>(CompiledQuery.raw(INSERT, [events, deletions]));
  const byId = new Map(rows.map((row) => [row.id, row]));
  return asked.map(({ id }) => {
    const row = byId.get(id);
    if (!row) throw new Error(`deletion ${id} was not inserted`);
    return row;
  });
};

const rowOf = (asked: NewDeletion): Pick<Insertable<DeletionsTable>, keyof typeof DELETION> => {
  const { id, request, requestedBy, requestId, traceparent, createdAt } = asked;
  return {
    id,
    registry: request.registry,
    repository: request.repository,
    state: 'planning',
    dry_run: request.dryRun,
    reason: request.reason,
    ticket: request.ticket ?? null,
    labels: JSON.stringify(request.labels),
    requested_references: JSON.stringify(request.references ?? []),
    selector: request.references ? null : JSON.stringify(storedSelector(request)),
    siblings: request.siblings,
    referrers: request.referrers,
    children: request.children,
    run_in: request.runIn,
    // Of a token, which says what its issuer likes; the rest was looked at when it came in.
    requested_by_id: storableText(requestedBy.id),
    requested_by_name: storableText(requestedBy.name),
    requested_by_address: requestedBy.address,
    request_id: requestId,
    traceparent,
    created_at: createdAt,
  };
};
