import type { JsonObject } from '../../audit/audit-event.js';
import type { Claim } from '../../database/advisory-claim.js';
import type { CollectionMode } from '../collection-options.js';
import type { Finding, Summary } from '../engine/report.js';

/** How fast it went; what the forecast of the next run is made from. */
export interface Measures {
  /** Time until the first batch. */
  readonly surveyMs: number;
  readonly sweepMs: number;
  /** Blobs swept in that time. */
  readonly blobs: number;
}

export interface Held {
  /** Nothing is held that no tag leads to. */
  readonly isNone: boolean;
  readonly isHeld: (repository: string, digest: string) => boolean;
}

/** One stretch of work on a collection, from its start or from where the last one stopped. */
export interface EngineRun {
  readonly id: string;
  readonly mode: CollectionMode;
  /** Null keeps untagged manifests. */
  readonly untaggedMinAgeMs: number | null;
  /** Which untagged manifests somebody holds, as it is now; they and all that they need are live. */
  held(): Promise<Held>;
  /** What the engine saved last. */
  readonly checkpoint: JsonObject | null;
  readonly claim: Claim;
  /** Aborted when this process is to end: what is under way is brought to a point from which another can go on. */
  readonly signal: AbortSignal;
  /** Asked before each batch: false once the window has closed, somebody cancelled, or the process is to end. */
  mayGoOn(): Promise<boolean>;
  /** When the window closes; null where nothing closes it. */
  closesMs(): number | null;
  now(): number;
  /** Replaces the report. */
  report(summary: Summary, findings: Iterable<Finding>): Promise<void>;
  /** Notes blobs that are gone for good, for engines without a quarantine. */
  removed(digests: readonly string[]): Promise<void>;
  /** Stands once it resolves. `owesAfter`: the registry must be brought back, whatever happens next (TRAPS 29). */
  saveCheckpoint(checkpoint: JsonObject, options?: { readonly owesAfter: boolean }): Promise<void>;
}

/** What bringing a registry back needs. */
export type BringBack = Pick<EngineRun, 'signal' | 'saveCheckpoint' | 'checkpoint'>;

export interface EngineEnd {
  /** False: it stopped because it might not go on. */
  readonly isFinished: boolean;
  readonly measures: Measures | null;
}

/**
 * Gives a registry's space back. Promises of every engine:
 * - Nothing is deleted in a dry run, nor once `mayGoOn` has said no but the batch under way.
 * - Failures are `SextonError`s; killed at any moment and run again with its checkpoint, it comes to the same end.
 */
export interface CollectionEngine {
  collect(run: EngineRun): Promise<EngineEnd>;
  /** Brings the registry back after a run that owed it; nothing where an engine never owes. */
  bringBack(run: BringBack): Promise<void>;
}
