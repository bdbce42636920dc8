import type { RegistryOptions } from '../../registries/registry-options.js';
import type { Registry } from '../../registries/registry.js';
import type { CollectionOptions } from '../collection-options.js';
import { CommandEngine } from './command/command-engine.js';
import { DtrEngine } from './dtr/dtr-engine.js';
import type { CollectionEngine } from './engine-port.js';
import { HarborEngine } from './harbor/harbor-engine.js';
import { JobApi } from './job-api.js';
import type { StorageAt } from './sexton/open-storage.js';
import type { StorageHolder } from './sexton/seam.js';
import { SextonEngine } from './sexton/sexton-engine.js';

/** The engine that is configured; the one place that knows them all. Null where nothing collects. */
export const createEngine = (
  options: CollectionOptions,
  upstream: RegistryOptions,
  registry: Registry,
  storage: { readonly at: StorageAt; readonly holder: StorageHolder } | null,
): CollectionEngine | null => {
  const { engine, pollEveryMs } = options;
  switch (engine.kind) {
    case 'sexton':
    case 'v1':
      return storage && new SextonEngine(options, storage.at, storage.holder);
    case 'command':
      return new CommandEngine(engine.command, registry, upstream, pollEveryMs);
    case 'dtr':
      return new DtrEngine(engine.action, new JobApi(upstream), pollEveryMs);
    case 'harbor':
      return new HarborEngine(engine.workers, new JobApi(upstream), pollEveryMs);
    case 'none':
      return null;
  }
};
