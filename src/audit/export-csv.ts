import { stringify, type Stringifier } from 'csv-stringify';
import type { SealedEvent } from './export.store.js';
import { canonicalEvent } from './canonical-event.js';

const COLUMNS = [
  'sequence',
  'at',
  'action',
  'outcome',
  'code',
  'actor_id',
  'actor_name',
  'actor_address',
  'registry',
  'repository',
  'reference',
  'digest',
  'bytes',
  'reason',
  'ticket',
  'request_id',
  'deletion_id',
  'details',
  'id',
  'hash',
] as const;

/**
 * RFC 4180, for spreadsheets. What a spreadsheet would take for a formula (a cell that begins with = + - @, tab or CR)
 * begins with an apostrophe instead; reasons and names come from callers.
 */
export const csvFormatter = (): Stringifier =>
  stringify({
    header: true,
    columns: [...COLUMNS],
    record_delimiter: '\r\n',
    escape_formulas: true,
    // Every cell: a lone line feed is not the delimiter, would not be quoted, and would begin a row.
    quoted_string: true,
  });

/** One row; details as JSON. */
export const csvRow = ({ seal, event }: SealedEvent): Record<(typeof COLUMNS)[number], string | null> => {
  const { actor, at } = canonicalEvent(event);
  return {
    sequence: String(seal.sequence),
    at,
    action: event.action,
    outcome: event.outcome,
    code: event.code,
    actor_id: actor.id,
    actor_name: actor.name,
    actor_address: actor.address,
    registry: event.registry,
    repository: event.repository,
    reference: event.reference,
    digest: event.digest,
    bytes: event.bytes === null ? null : String(event.bytes),
    reason: event.reason,
    ticket: event.ticket,
    request_id: event.requestId,
    deletion_id: event.deletionId,
    details: JSON.stringify(event.details),
    id: event.id,
    hash: seal.hash,
  };
};
