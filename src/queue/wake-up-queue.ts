import { z } from 'zod';
import {
  registryNameSchema,
  repositoryNameSchema,
  type RegistryName,
  type RepositoryName,
} from '../oci/names.js';

/** Nest token of the one `WakeUpQueue`. */
export const WAKE_UP_QUEUE = Symbol('WAKE_UP_QUEUE');

export type WakeUpKind = 'plan' | 'execute';

/** All that a job carries: which repository has something to do. What there is to do stands in PostgreSQL. */
export const wakeUpSchema = z.object({ registry: registryNameSchema, repository: repositoryNameSchema });

export interface WakeUp {
  readonly kind: WakeUpKind;
  readonly registry: RegistryName;
  readonly repository: RepositoryName;
}

/** A registry has something to collect, or a quarantine to undo. */
export interface CollectionWakeUp {
  readonly kind: 'collect';
  readonly registry: RegistryName;
}

export type WakeUpHandler = (repository: RepositoryName, signal: AbortSignal) => Promise<void>;
export type CollectionHandler = (signal: AbortSignal) => Promise<void>;

/**
 * Carries wake-ups to workers, and nothing else: all of it may be lost at any moment, and the reconciler rings again.
 * - `ring` while the repository (or, for collections, the registry) is being worked on leads to exactly one more run afterwards; `ring` while a wake-up
 *   waits is the same wake-up. `insist` adds one regardless, for a queue that lost a job but not its mark.
 * - At most `concurrency` handlers of one registry and kind run in this process.
 * - Two handlers may run for one repository at once (a stalled job that comes back): the fence in PostgreSQL decides.
 */
export interface WakeUpQueue {
  ring(wakeUp: WakeUp | CollectionWakeUp, options?: { insist?: boolean }): Promise<void>;
  listen(kind: WakeUpKind, registry: RegistryName, concurrency: number, handler: WakeUpHandler): void;
  listenForCollections(registry: RegistryName, handler: CollectionHandler): void;
  depth(kind: WakeUpKind, registry: RegistryName): Promise<{ waiting: number; active: number }>;
  /** Throws when the queue's store does not answer. */
  check(): Promise<void>;
  /** Takes no more work, tells running handlers to stop through their signal, and waits for them. */
  close(): Promise<void>;
}
