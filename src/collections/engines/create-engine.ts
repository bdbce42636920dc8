import type { RegistryOptions } from '../../registries/registry-options.js';
import type { CollectionOptions } from '../collection-options.js';
import type { CollectionEngine } from './engine-port.js';
import type { StorageAt } from './sexton/open-storage.js';
import type { StorageHolder } from './sexton/seam.js';
import { SextonEngine } from './sexton/sexton-engine.js';

/** The engine that is configured; the one place that knows them all. Null where nothing collects. */
export const createEngine = (
  options: CollectionOptions,
  _registry: RegistryOptions,
  storage: { readonly at: StorageAt; readonly holder: StorageHolder } | null,
): CollectionEngine | null => {
  switch (options.engine.kind) {
    case 'sexton':
      return storage && new SextonEngine(options, storage.at, storage.holder);
    case 'command':
    case 'dtr':
    case 'harbor':
    case 'none':
      return null;
  }
};
