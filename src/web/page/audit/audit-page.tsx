import type { JSX } from 'preact';
import { mayAtAll } from '../allowed/scope.js';
import { answer } from '../api/api.js';
import type { paths } from '../../../public-api/openapi.js';
import { usePages } from '../api/use-pages.js';
import { SelectField, TextField } from '../parts/fields.js';
import { Filters } from '../parts/filters.js';
import { PagedList } from '../parts/paged-list.js';
import { PageHead } from '../parts/page-head.js';
import type { Route } from '../routing/route.js';
import { useSession } from '../sign-in/session.js';
import { auditFilters, queryOfForm, toLocalField, type AuditFilters } from './audit-filters.js';
import { AUDIT_ACTIONS } from './audit-actions.js';
import { AuditRow } from './audit-row.js';
import { ChainStatus } from './chain-status.js';
import { ExportButtons } from './export-buttons.js';

type Query = NonNullable<paths['/v1/audit/events']['get']['parameters']['query']>;

/** The address may hold an action or outcome that there is not: the server says so, and the page shows it. */
const queryOf = (filters: AuditFilters, cursor: string | undefined): Query =>
  ({ ...filters, ...(cursor !== undefined && { cursor }) }) as Query;

export const AuditPage = ({ route }: { readonly route: Route }): JSX.Element => {
  const { api, me } = useSession();
  const filters = auditFilters(route.query);
  const pages = usePages(
    (cursor, signal) =>
      answer(api.call.GET('/v1/audit/events', { params: { query: queryOf(filters, cursor) }, signal })),
    JSON.stringify(filters),
  );
  return (
    <>
      <PageHead title="Audit log">
        <ExportButtons filters={filters} />
      </PageHead>
      {mayAtAll(me, 'audit:verify') && <ChainStatus />}
      <Filters path={['audit']} query={route.query} toQuery={queryOfForm}>
        <TextField label="Words of the reason" name="q" value={filters.q ?? ''} />
        <SelectField
          label="Action"
          name="action"
          value={filters.action ?? ''}
          options={actionOptions(filters.action)}
        />
        <SelectField
          label="Outcome"
          name="outcome"
          value={filters.outcome ?? ''}
          options={[['', 'any'], ...OUTCOMES.map((outcome) => [outcome, outcome] as const)]}
        />
        <TextField label="Repository" name="repository" value={filters.repository ?? ''} />
        <TextField label="Tag" name="tag" value={filters.tag ?? ''} />
        <TextField label="Who (name)" name="actorName" value={filters.actorName ?? ''} />
        <TextField label="From" name="since" isMoment value={toLocalField(filters.since)} />
        <TextField label="Until" name="until" isMoment value={toLocalField(filters.until)} />
        <details class="more-filters" open={MORE.some(([name]) => filters[name] !== undefined)}>
          <summary>More filters</summary>
          <div class="filter-fields">
            {MORE.map(([name, label]) => (
              <TextField key={name} label={label} name={name} value={filters[name] ?? ''} />
            ))}
          </div>
        </details>
      </Filters>
      <PagedList
        pages={pages}
        what="events"
        keyOf={({ id }) => id}
        row={(event) => <AuditRow event={event} />}
        empty={<p>No event is like this. Take a filter away to see more.</p>}
      />
    </>
  );
};

const OUTCOMES = ['accepted', 'succeeded', 'refused', 'failed'] as const;

/** One that a newer Sexton put into the address stays there, and the server judges it. */
const actionOptions = (asked = ''): readonly (readonly [string, string])[] => {
  const actions: readonly string[] = AUDIT_ACTIONS;
  const unknown = asked === '' || actions.includes(asked) ? [] : [asked];
  return [['', 'any'], ...[...actions, ...unknown].map((action) => [action, action] as const)];
};

const MORE = [
  ['registry', 'Registry'],
  ['digest', 'Digest'],
  ['reference', 'Reference'],
  ['deletion', 'Deletion (id)'],
  ['ticket', 'Ticket'],
  ['code', 'Code'],
  ['actor', 'Who (id)'],
  ['actorAddress', 'Address'],
  ['requestId', 'Request'],
] as const;
