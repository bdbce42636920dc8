import type { CollectionOptions } from '../../collection-options.js';
import { LookStopped } from '../../engine/surveyor.js';
import type { CollectionEngine, EngineEnd, EngineRun } from '../engine-port.js';
import type { StorageAt } from './open-storage.js';
import { surveyStorage, sweepStorage, tendStorage, type StorageHolder } from './seam.js';

/** Sexton's own collector, on the files of a registry of either layout, with the registry online. */
export class SextonEngine implements CollectionEngine {
  constructor(
    private readonly options: CollectionOptions,
    private readonly at: StorageAt,
    private readonly holder: StorageHolder,
  ) {}

  async collect(run: EngineRun): Promise<EngineEnd> {
    try {
      return await this.lookAndSweep(run);
    } catch (error) {
      if (error instanceof LookStopped) return { isFinished: false, measures: null };
      throw error;
    }
  }

  private async lookAndSweep(run: EngineRun): Promise<EngineEnd> {
    const rules = {
      graceMs: this.options.graceMs,
      untaggedMinAgeMs: run.untaggedMinAgeMs,
      heldNow: async () => (await run.held()).isHeld,
    };
    const beganMs = performance.now();
    if (run.mode === 'dry-run') {
      const look = await surveyStorage(this.at, rules, () => run.mayGoOn());
      const surveyMs = performance.now() - beganMs;
      await run.report(look.summary(), look.findings());
      return { isFinished: true, measures: { surveyMs, sweepMs: 0, blobs: 0 } };
    }
    if (run.mode === 'purge') return this.purge(run);
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
    await run.report(first.summary(), first.findings());
    return { isFinished, measures: { surveyMs, sweepMs: endedMs - beganMs - surveyMs, blobs } };
  }

  /** What has waited for the retention goes; what is needed again comes back before. */
  private async purge(run: EngineRun): Promise<EngineEnd> {
    const beforeMs = run.now() - this.options.retentionMs;
    const { purged } = await tendStorage(this.at, this.holder, beforeMs, {
      mayGoOn: () => run.mayGoOn(),
      signal: run.signal,
    });
    const none = {
      repositories: null,
      manifests: null,
      reasons: {},
      young: null,
      keptInDoubt: null,
      faults: 0,
    };
    const garbage = { count: purged?.entries ?? 0, bytes: purged?.bytes ?? 0 };
    await run.report({ ...none, garbage, blocked: purged?.blocked ?? null }, []);
    return { isFinished: purged?.isFinished ?? true, measures: null };
  }

  /** The registry stays online all the while. */
  async bringBack(): Promise<void> {}
}
