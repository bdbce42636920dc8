import type { Storage } from '../storage/storage.js';
import { findGarbage, type Garbage } from './garbage.js';
import { mark } from './mark.js';
import type { ReferenceGraph } from './reference-graph.js';
import type { Scanner } from './scanner.js';

export interface CollectRules {
  readonly graceMs: number;
  /** Null keeps untagged manifests; never younger than the grace period. */
  readonly untaggedMinAgeMs: number | null;
}

/** Whatever is linked lives, and nothing is old enough to go: for bringing back, and for purging. */
export const KEEP_ALL: CollectRules = { graceMs: Infinity, untaggedMinAgeMs: null };

/** What a collection works with. `newGraph` may know manifests from an earlier run. */
export interface CollectionTools {
  readonly storage: Storage;
  readonly scanner: Scanner;
  readonly newGraph: () => Promise<ReferenceGraph>;
  readonly now: () => number;
}

/** What could go now; changes nothing. */
export const survey = async (
  { storage, scanner, newGraph, now }: CollectionTools,
  { graceMs, untaggedMinAgeMs }: CollectRules,
): Promise<Garbage> => {
  const nowMs = now();
  const untagged =
    untaggedMinAgeMs === null ? null : { linkedBeforeMs: nowMs - Math.max(untaggedMinAgeMs, graceMs) };
  const marking = await mark(storage, scanner, await newGraph(), untagged);
  return findGarbage(storage, scanner, marking, { nowMs, graceMs });
};
