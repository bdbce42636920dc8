import type { Db } from '../../database/database.js';
import type { RegistryName } from '../../oci/names.js';
import type { Logger } from '../../telemetry/logger.js';
import type { Tracing } from '../../telemetry/tracing/tracing.js';
import type { CollectionOptions } from '../collection-options.js';
import { lookIntoQuarantine, type StorageAt } from '../engines/sexton/open-storage.js';
import { tendStorage, type StorageHolder } from '../engines/sexton/seam.js';
import { isOpen } from '../windows/open.js';
import { lastHealed, noteHealed, withRegistryClaim, type RegistryClaim } from './registry-claim.js';

/**
 * Looks after quarantines for as long as they stand: the healer brings back at any time what a push or a restore needs
 * again (TRAPS 19); what has waited for the retention is purged, in windows where the registry has any.
 */
export class QuarantineKeeper {
  private readonly failedMs = new Map<RegistryName, number>();

  constructor(
    private readonly db: Db,
    private readonly options: ReadonlyMap<RegistryName, CollectionOptions>,
    private readonly storageOf: (registry: RegistryName) => StorageAt | null,
    private readonly holderFor: (registry: RegistryName, held: RegistryClaim) => StorageHolder,
    private readonly now: () => number,
    private readonly tracing: Tracing,
    private readonly log: Logger,
    private readonly worker: string,
  ) {}

  /** One round over the registries that are due; one that somebody else works on is left for the next round. */
  async round(except: ReadonlySet<RegistryName>, signal: AbortSignal): Promise<void> {
    for (const options of this.options.values()) {
      if (signal.aborted) return;
      const at = this.storageOf(options.registry);
      if (at === null || except.has(options.registry) || !(await this.isDue(options))) continue;
      try {
        await this.tend(options, at, signal);
      } catch (error) {
        if (signal.aborted) return;
        this.failedMs.set(options.registry, this.now());
        this.log.warn({ err: error, registry: options.registry }, 'the quarantine could not be looked after');
      }
    }
  }

  private async isDue({ registry, healEveryMs }: CollectionOptions): Promise<boolean> {
    // Whoever healed it, in whichever process; and what failed here is not tried again at once.
    const healedMs = (await lastHealed(this.db, registry))?.getTime() ?? -Infinity;
    const lastMs = Math.max(healedMs, this.failedMs.get(registry) ?? -Infinity);
    return this.now() - lastMs >= healEveryMs;
  }

  private async tend(
    { registry, retentionMs, rules }: CollectionOptions,
    at: StorageAt,
    signal: AbortSignal,
  ): Promise<void> {
    await withRegistryClaim(this.db, registry, this.worker, async (held) => {
      const nowMs = this.now();
      if ((await lookIntoQuarantine(at)).length === 0) {
        await noteHealed(held.claim, registry, new Date(nowMs));
        return;
      }
      const isTime = (): boolean => rules.windows.length === 0 || isOpen(rules, this.now());
      const purgeBeforeMs = isTime() ? nowMs - retentionMs : null;
      // Asked by the clock before each batch: a look takes its time, and a window may close meanwhile.
      const mayGoOn = async (): Promise<boolean> => !signal.aborted && isTime();
      const attributes = { 'sexton.registry': registry };
      // Nobody asked for it: a trace of its own.
      const tended = await this.tracing.inSpan('quarantine round', { attributes, parent: null }, () =>
        tendStorage(at, this.holderFor(registry, held), purgeBeforeMs, { mayGoOn, signal }),
      );
      await noteHealed(held.claim, registry, new Date(nowMs));
      const { broughtBack, purged } = tended;
      if (broughtBack > 0) this.log.info({ registry, broughtBack }, 'brought back from quarantine');
      if (purged?.blocked != null)
        this.log.warn({ registry, blocked: purged.blocked }, 'purge stopped in doubt');
      if (purged && purged.entries > 0) this.log.info({ registry, bytes: purged.bytes }, 'purged');
    });
  }
}
