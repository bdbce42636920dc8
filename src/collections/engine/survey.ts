import type { Storage } from '../../storage/storage.js';
import { findGarbage, type Garbage } from './garbage.js';
import { mark, type IsHeld } from './mark.js';
import type { MoveOut } from './quarantine.js';
import type { ReferenceMemory } from './reference-cache.js';
import type { Scanner } from './scanner.js';
import { NO_TURNS, type Turn } from './turns.js';

export interface CollectRules {
  readonly graceMs: number;
  /** Null keeps untagged manifests; never younger than the grace period. */
  readonly untaggedMinAgeMs: number | null;
  /** Asked at each look that may take untagged manifests: which are held. None by default. */
  readonly heldNow?: () => Promise<IsHeld>;
}

/** Whatever is linked lives, and nothing is old enough to go: for bringing back, and for purging. */
export const KEEP_ALL: CollectRules = { graceMs: Infinity, untaggedMinAgeMs: null };

/** Untagged manifests whose link is older than this time may go. */
export const linkedBeforeMs = (
  { graceMs, untaggedMinAgeMs }: Pick<CollectRules, 'graceMs' | 'untaggedMinAgeMs'>,
  nowMs: number,
): number => nowMs - Math.max(untaggedMinAgeMs ?? Infinity, graceMs);

/** What a collection works with. */
export interface CollectionTools {
  readonly storage: Storage;
  readonly scanner: Scanner;
  readonly memory: ReferenceMemory;
  readonly now: () => number;
  /** In this thread, by `storage`, where it is not given. */
  readonly moveOut?: MoveOut;
  /** Where the thread has other work as well; none by default. */
  readonly turn?: Turn;
}

export interface SurveyHooks {
  /** Called with how many repositories were read, of how many. */
  readonly onRepository?: ((read: number, of: number) => void) | undefined;
  /** Ends the survey with the signal's reason. */
  readonly signal?: AbortSignal | undefined;
}

/** What could go now; changes nothing. */
export const survey = async (
  { storage, scanner, memory, now, turn = NO_TURNS }: CollectionTools,
  { graceMs, untaggedMinAgeMs, heldNow = async () => () => false }: CollectRules,
  hooks: SurveyHooks = {},
): Promise<Garbage> => {
  const nowMs = now();
  const untagged =
    untaggedMinAgeMs === null
      ? null
      : { linkedBeforeMs: linkedBeforeMs({ graceMs, untaggedMinAgeMs }, nowMs), isHeld: await heldNow() };
  const marking = await mark(storage, scanner, () => memory.recall(turn), untagged, { ...hooks, turn });
  hooks.signal?.throwIfAborted();
  return findGarbage(storage, scanner, marking, { nowMs, graceMs }, turn);
};
