import type { RegistryOptions } from '../../registries/registry-options.js';
import type { ExchangeObserver } from '../../registries/upstream/observed-exchange.js';
import type { Registry } from '../../registries/registry.js';
import type { Tracing } from '../../telemetry/tracing/tracing.js';
import type { CollectionOptions } from '../collection-options.js';
import { CommandEngine } from './command/command-engine.js';
import { DtrEngine } from './dtr/dtr-engine.js';
import type { CollectionEngine } from './engine-port.js';
import { HarborEngine } from './harbor/harbor-engine.js';
import { JobApi } from './job-api.js';
import type { StorageAt } from './sexton/open-storage.js';
import type { StorageHolder } from './sexton/seam.js';
import { SextonEngine } from './sexton/sexton-engine.js';

interface Parts {
  readonly upstream: RegistryOptions;
  readonly observe: ExchangeObserver;
  readonly registry: Registry;
  readonly tracing: Tracing;
  readonly storage: { readonly at: StorageAt; readonly holder: StorageHolder } | null;
}

/** The engine that is configured; the one place that knows them all. Null where nothing collects. */
export const createEngine = (
  options: CollectionOptions,
  { upstream, observe, registry, tracing, storage }: Parts,
): CollectionEngine | null => {
  const { engine, pollEveryMs } = options;
  switch (engine.kind) {
    case 'sexton':
    case 'v1':
      return storage && new SextonEngine(options, storage.at, storage.holder);
    case 'command':
      return new CommandEngine(engine.command, registry, upstream, observe, tracing, pollEveryMs);
    case 'dtr':
      return new DtrEngine(engine.action, new JobApi(upstream, observe), pollEveryMs);
    case 'harbor':
      return new HarborEngine(engine.workers, new JobApi(upstream, observe), pollEveryMs);
    case 'none':
      return null;
  }
};
