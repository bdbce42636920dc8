import type { Storage } from '../../storage/storage.js';
import type { BatchHead } from './entries.js';
import type { CollectionFault } from './fault.js';
import type { JournalEntry, QuarantineEntry } from './journal.js';
import type { MoveOut } from './quarantine.js';
import type { CollectRules, SurveyHooks } from './survey.js';

/** A look that is older is made again before more is taken away. */
export const REMARK_AFTER_MS = 60_000;

/** Part of what may go: as much as moves between two looks at the window. */
export interface Candidates {
  /** Blobs, or images, among them. */
  readonly count: number;
  /** What the journal is to hold of them; without what was written again since the look. */
  entries(head: BatchHead): Promise<readonly QuarantineEntry[]>;
}

/** What was found in a storage at one moment. */
export interface Look {
  /** Why nothing may go; null where something may. */
  readonly blocked: string | null;
  readonly faults: readonly CollectionFault[];
  /** What may go, in the order in which it may, at most `size` at a time. */
  batches(size: number): readonly Candidates[];
  /** Whether something needs again what waits in quarantine. */
  needs(entry: JournalEntry): boolean;
}

/** Knows one layout of a registry's files, and what in it is alive. A look changes nothing. */
export interface Surveyor<L extends Look = Look> {
  readonly storage: Storage;
  readonly now: () => number;
  /** In this thread, by `storage`, where it is not given. */
  readonly moveOut?: MoveOut | undefined;
  look(rules: CollectRules, hooks?: SurveyHooks): Promise<L>;
}

/** A look was ended because the run may not go on; nothing was changed. */
export class LookStopped extends Error {
  override readonly name = 'LookStopped';
}
