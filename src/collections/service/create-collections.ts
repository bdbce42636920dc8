import { join } from 'node:path';
import type { AuditLog } from '../../audit/audit-log.js';
import type { Config } from '../../config/config.js';
import type { Db } from '../../database/database.js';
import type { RegistryName } from '../../oci/names.js';
import type { WakeUpQueue } from '../../queue/wake-up-queue.js';
import type { Registries } from '../../registries/registries.js';
import type { ExchangeObserver } from '../../registries/upstream/observed-exchange.js';
import type { Logger } from '../../telemetry/logger.js';
import type { Tracing } from '../../telemetry/tracing/tracing.js';
import type { CollectionOptions } from '../collection-options.js';
import { createEngine } from '../engines/create-engine.js';
import type { CollectionEngine, Held } from '../engines/engine-port.js';
import type { StorageHolder } from '../engines/sexton/seam.js';
import type { Storages } from './collection-tokens.js';
import { CollectionReconciler } from './collection-reconciler.js';
import { CollectionRunner } from './collection-runner.js';
import type { CollectionsStore } from './collections.store.js';
import { EntriesStore } from './entries.store.js';
import type { FindingsStore } from './findings.store.js';
import { QuarantineAccess } from './quarantine-access.js';
import { QuarantineKeeper } from './quarantine-keeper.js';
import type { RegistryClaim } from './registry-claim.js';
import { Retries } from './retries.js';
import { Undoer } from './undoer.js';
import { WindowOpener } from './window-opener.js';

interface Parts {
  readonly config: Config;
  readonly db: Db;
  readonly store: CollectionsStore;
  readonly findings: FindingsStore;
  readonly audit: AuditLog;
  readonly queue: WakeUpQueue;
  readonly registries: Registries;
  readonly observe: (registry: RegistryName) => ExchangeObserver;
  readonly heldUntagged: (registry: RegistryName) => Promise<Held>;
  readonly now: () => number;
  readonly log: Logger;
  readonly tracing: Tracing;
  readonly worker: string;
}

/** Where each registry's files are, for those that Sexton collects itself. */
export const storagesOf =
  ({ collections, dataDir }: Config, now: () => number, tracing: Tracing): Storages =>
  (registry) => {
    const options = collections.get(registry);
    const engine = options?.engine;
    if (engine?.kind !== 'sexton' && engine?.kind !== 'v1') return null;
    const cachePath = join(dataDir, 'references', `${registry}.references`);
    const read =
      engine.kind === 'v1'
        ? ({ layout: 'v1', threads: 0 } as const)
        : ({ layout: 'v2', threads: engine.threads } as const);
    return { directory: engine.storage, cachePath, now, tracing, ioLimit: options?.ioLimit ?? null, ...read };
  };

/** The part that collects: it listens for its bell in every registry, and looks after quarantines. */
export class CollectionWorkers {
  constructor(
    private readonly queue: WakeUpQueue,
    private readonly runner: CollectionRunner,
    private readonly reconciler: CollectionReconciler,
    private readonly registries: readonly RegistryName[],
    readonly quarantines: QuarantineAccess,
  ) {}

  start(): void {
    for (const registry of this.registries) {
      this.queue.listenForCollections(registry, (signal) => this.runner.runRegistry(registry, signal));
    }
    this.reconciler.start();
  }

  /** Before the queue closes: nothing more is rung for. */
  stop(): Promise<void> {
    return this.reconciler.stop();
  }
}

/** The workers of collections, put together. */
export const createCollectionWorkers = (parts: Parts): CollectionWorkers => {
  const { config, db, store, findings, audit, queue, registries, observe, now, log, tracing, worker } = parts;
  const options = new Map([...config.collections].filter(([, { engine }]) => engine.kind !== 'none'));
  const storages = storagesOf(config, now, tracing);
  const entries = new EntriesStore(store, audit, worker);
  const holderFor = (registry: RegistryName, { claim, formerWorker }: RegistryClaim): StorageHolder => ({
    claim,
    formerWorker,
    recorder: {
      record: (changed, state) => entries.record(claim.db, registry, changed, state),
    },
    catchUp: (journal) => entries.catchUp(claim.db, registry, journal),
  });
  const retries = new Retries(store, audit, config.execution, now, log, worker);
  const undoer = new Undoer(store, audit, storages, holderFor, retries, worker);
  const keeper = new QuarantineKeeper(db, options, storages, holderFor, now, tracing, log, worker);
  const engineOf = (of: CollectionOptions, held: RegistryClaim): CollectionEngine | null => {
    const upstream = config.registries.get(of.registry);
    const at = storages(of.registry);
    const storage = at && { at, holder: holderFor(of.registry, held) };
    if (!upstream) return null;
    const registry = registries.get(of.registry);
    return createEngine(of, { upstream, observe: observe(of.registry), registry, tracing, storage });
  };
  const runner = new CollectionRunner(
    db,
    store,
    findings,
    audit,
    options,
    engineOf,
    parts.heldUntagged,
    undoer,
    retries,
    now,
    tracing,
    log,
    worker,
  );
  const reconciler = new CollectionReconciler(
    db,
    store,
    queue,
    new WindowOpener(db, store, audit, now),
    keeper,
    options,
    config.execution.reconcileEveryMs,
    now,
    (error) => log.warn({ err: error }, 'could not look after collections; trying again'),
  );
  const quarantines = new QuarantineAccess(db, storages, holderFor, worker);
  return new CollectionWorkers(queue, runner, reconciler, [...options.keys()], quarantines);
};
