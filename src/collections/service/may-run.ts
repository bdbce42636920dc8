import type { CollectionOptions } from '../collection-options.js';
import { isOpen } from '../windows/open.js';
import type { CollectionRow } from './collections.store.js';

/** What there is to do for an open collection at `atMs`; null while it has to wait. */
export type Due = 'bring_back' | 'undo' | 'run' | null;

/** The order matters: a registry that was stopped comes back first, whatever the time. */
export const dueFor = (row: CollectionRow, options: CollectionOptions, atMs: number): Due => {
  if (row.not_before !== null && row.not_before.getTime() > atMs) return null;
  if (row.owes_after) return 'bring_back';
  if (row.undo_request !== null) return 'undo';
  // One that runs, and whose claim is free, was left by a process that died; out of its window it has to be paused.
  if (row.state === 'running') return 'run';
  if (row.state !== 'waiting' && row.state !== 'paused') return null;
  return row.run_when === 'now' || isOpen(options.rules, atMs) ? 'run' : null;
};
