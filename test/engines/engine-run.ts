import type { JsonObject } from '../../src/audit/audit-event.js';
import type { EngineRun } from '../../src/collections/engines/engine-port.js';
import type { Finding, Summary } from '../../src/collections/engine/report.js';
import { NIGHT } from '../support/collections.js';

export interface RecordedRun extends EngineRun {
  readonly checkpoints: readonly JsonObject[];
  readonly gone: readonly string[];
  readonly reports: readonly { readonly summary: Summary; readonly findings: readonly Finding[] }[];
}

/** A stretch of work whose questions the test answers, and that keeps what the engine said. */
export const engineRun = (changes: Partial<EngineRun> = {}): RecordedRun => {
  const checkpoints: JsonObject[] = [];
  const gone: string[] = [];
  const reports: { summary: Summary; findings: readonly Finding[] }[] = [];
  return {
    id: '01JD3M2Q8V4T7X9Y1Z5A6B8C0D',
    mode: 'collect',
    untaggedMinAgeMs: null,
    held: async () => ({ isNone: true, isHeld: () => false }),
    checkpoint: null,
    get claim(): never {
      throw new Error('this engine needs no claim');
    },
    signal: new AbortController().signal,
    mayGoOn: async () => true,
    closesMs: () => null,
    now: () => NIGHT,
    report: async (summary, findings) => void reports.push({ summary, findings: [...findings] }),
    removed: async (digests) => void gone.push(...digests),
    saveCheckpoint: async (checkpoint) => void checkpoints.push(checkpoint),
    ...changes,
    checkpoints,
    gone,
    reports,
  };
};
