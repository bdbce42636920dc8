/** Filters of the audit log, by the names that the API and the address bar have for them. */
export const AUDIT_FILTERS = [
  'q',
  'action',
  'outcome',
  'registry',
  'repository',
  'tag',
  'digest',
  'reference',
  'actorName',
  'actor',
  'actorAddress',
  'deletion',
  'code',
  'ticket',
  'requestId',
  'since',
  'until',
] as const;

export type AuditFilter = (typeof AUDIT_FILTERS)[number];
export type AuditFilters = Readonly<Partial<Record<AuditFilter, string>>>;

/** The filters that an address names; what is no filter is left out, and a wrong value is the server's to refuse. */
export const auditFilters = (query: Readonly<Record<string, string>>): AuditFilters =>
  Object.fromEntries(
    AUDIT_FILTERS.flatMap((name) => {
      const value = query[name]?.trim() ?? '';
      return value === '' ? [] : [[name, value]];
    }),
  );

/** What stands behind a time to the minute, or to the second: a field shows seconds only of a moment that has them. */
const NO_FRACTION = /(:00)?\.000$/;

/** What a `datetime-local` field shows for a moment of the address, in the time zone of whoever looks. */
export const toLocalField = (iso: string | undefined): string => {
  const at = iso === undefined ? NaN : Date.parse(iso);
  if (Number.isNaN(at)) return '';
  const local = new Date(at - new Date(at).getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, -1).replace(NO_FRACTION, '');
};

/** And back: the address holds the moment, which is the same for everybody that it is sent to. */
export const fromLocalField = (text: string): string => {
  const at = new Date(text);
  return Number.isNaN(at.getTime()) ? '' : at.toISOString();
};

/** From the fields of the form to the address. */
export const queryOfForm = (given: Readonly<Record<string, string>>): Readonly<Record<string, string>> => {
  const { since = '', until = '', ...rest } = given;
  return { ...rest, since: fromLocalField(since), until: fromLocalField(until) };
};

/** The same filters as they stand in the query of the API. */
export const searchOf = (filters: AuditFilters): URLSearchParams => new URLSearchParams(filters);
