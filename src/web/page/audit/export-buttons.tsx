import type { JSX } from 'preact';
import { useState } from 'preact/hooks';
import { BusyButton } from '../parts/busy-button.js';
import { ProblemNote } from '../parts/problem-note.js';
import { useSession } from '../sign-in/session.js';
import { searchOf, type AuditFilters } from './audit-filters.js';

const FORMATS = [
  ['ndjson', 'Export NDJSON'],
  ['csv', 'Export CSV'],
] as const;
type Format = (typeof FORMATS)[number][0];

const nameIn = (response: Response, format: Format): string =>
  /filename="([^"]+)"/.exec(response.headers.get('Content-Disposition') ?? '')?.[1] ??
  `sexton-audit.${format}`;

/**
 * The events that the filters leave, as a file. The page fetches it whole, because a link could not carry the
 * credential; for many hundred megabytes there is curl (docs/api.md, "Audit").
 */
export const ExportButtons = ({ filters }: { readonly filters: AuditFilters }): JSX.Element => {
  const { api } = useSession();
  const [busy, setBusy] = useState<Format | null>(null);
  const [error, setError] = useState<unknown>(null);
  const save = async (format: Format): Promise<void> => {
    const search = searchOf(filters);
    search.set('format', format);
    const response = await api.stream(`/v1/audit/export?${search}`, new AbortController().signal);
    const url = URL.createObjectURL(await response.blob());
    const link = document.createElement('a');
    link.href = url;
    link.download = nameIn(response, format);
    link.click();
    URL.revokeObjectURL(url);
  };
  const begin = (format: Format): void => {
    setBusy(format);
    setError(null);
    save(format)
      .catch(setError)
      .finally(() => setBusy(null));
  };
  return (
    <>
      {FORMATS.map(([format, words]) => (
        <BusyButton key={format} type="button" isBusy={busy !== null} onPress={() => begin(format)}>
          {busy === format ? 'Exporting …' : words}
        </BusyButton>
      ))}
      {error !== null && <ProblemNote error={error} />}
    </>
  );
};
