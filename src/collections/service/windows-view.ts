import type { CollectionOptions } from '../collection-options.js';
import { currentOrNext, isOpen } from '../windows/open.js';
import type { CollectionRow } from './collections.store.js';
import { forecast } from './forecast.js';
import type { RegistryWindowsView } from './windows.dto.js';

const clockOf = (minute: number): string =>
  `${String(Math.floor(minute / 60)).padStart(2, '0')}:${String(minute % 60).padStart(2, '0')}`;

const iso = (ms: number | null | undefined): string | null =>
  ms === null || ms === undefined ? null : new Date(ms).toISOString();

/** What there is to do: what is left of one under way, or else what the newest look found. */
const blobsToDo = (recent: readonly CollectionRow[]): number | null => {
  const newest = recent.find(({ summary }) => summary !== null);
  if (!newest?.summary) return null;
  const { count } = newest.summary.garbage;
  return count === null ? null : Math.max(0, count - newest.quarantined_blobs);
};

/** `recent`: the registry's newest collections first; `open`: those that stand open. */
export const windowsView = (
  { registry, engine, rules }: CollectionOptions,
  open: readonly CollectionRow[],
  recent: readonly CollectionRow[],
  nowMs: number,
): RegistryWindowsView => {
  const isOpenNow = isOpen(rules, nowMs);
  const opening = currentOrNext(rules, nowMs);
  const windowMs = opening?.closesMs == null ? null : opening.closesMs - opening.opensMs;
  const measured = recent.flatMap(({ measures }) => (measures ? [measures] : []));
  const found = opening ? forecast(blobsToDo(recent), measured, windowMs) : null;
  return {
    registry,
    engine: engine.kind,
    windows: rules.windows.map(({ days, startMinute, endMinute, timezone }) => ({
      days: [...days],
      start: clockOf(startMinute),
      end: clockOf(endMinute),
      timezone,
    })),
    blackouts: rules.blackouts.map(({ from, until }) => ({ from, until })),
    isOpen: isOpenNow,
    opensAt: isOpenNow ? null : iso(opening?.opensMs),
    closesAt: iso(opening?.closesMs),
    waiting: open.filter(
      (row) => row.run_when === 'window' && row.state !== 'running' && row.undo_request === null,
    ).length,
    forecast: found && {
      blobs: found.blobs,
      estimatedSeconds: found.estimatedMs / 1000,
      windowSeconds: found.windowMs === null ? null : found.windowMs / 1000,
      fits: found.fits,
    },
  };
};
