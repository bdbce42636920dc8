import type { CheckpointRecord, EventRecord } from '../evidence-records.js';

/** Events and checkpoints, as an export has them. */
export type ForwardedRecord = EventRecord | CheckpointRecord;

/** Where the audit log is forwarded to. */
export interface Destination {
  /** Names its cursor: under another name it gets everything from the beginning. */
  readonly name: string;
  /**
   * Resolves when the destination has all of `records`, in their order; rejects when it may lack any. It may have some
   * of them then, and will get them again.
   */
  deliver(records: readonly ForwardedRecord[]): Promise<void>;
}
