import type { CollectionOptions } from '../../collection-options.js';
import type { CollectionEngine, EngineEnd, EngineRun } from '../engine-port.js';
import { findingsOf, summaryOf } from './describe-garbage.js';
import type { StorageAt } from './open-storage.js';
import { surveyStorage, sweepStorage, type StorageHolder } from './seam.js';

/** Sexton's own collector, on the registry's files, with the registry online. */
export class SextonEngine implements CollectionEngine {
  constructor(
    private readonly options: CollectionOptions,
    private readonly at: StorageAt,
    private readonly holder: StorageHolder,
  ) {}

  async collect(run: EngineRun): Promise<EngineEnd> {
    const rules = { graceMs: this.options.graceMs, untaggedMinAgeMs: run.untaggedMinAgeMs };
    const beganMs = performance.now();
    if (run.dryRun) {
      const garbage = await surveyStorage(this.at, rules);
      const surveyMs = performance.now() - beganMs;
      await run.report(summaryOf(garbage), findingsOf(garbage));
      return { isFinished: true, measures: { surveyMs, sweepMs: 0, blobs: 0 } };
    }
    let sweptFromMs: number | null = null;
    const { isFinished, first, blobs } = await sweepStorage(this.at, this.holder, {
      run: run.id,
      rules,
      batchSize: this.options.batchSize,
      mayGoOn: () => {
        sweptFromMs ??= performance.now();
        return run.mayGoOn();
      },
    });
    const endedMs = performance.now();
    const surveyMs = (sweptFromMs ?? endedMs) - beganMs;
    await run.report(summaryOf(first), findingsOf(first));
    return { isFinished, measures: { surveyMs, sweepMs: endedMs - beganMs - surveyMs, blobs } };
  }

  /** The registry stays online all the while. */
  async bringBack(): Promise<void> {}
}
