import { DistributionRegistry } from './distribution/distribution-registry.js';
import { DtrRegistry } from './dtr/dtr-registry.js';
import { HarborRegistry } from './harbor/harbor-registry.js';
import type { Registry } from './registry.js';
import type { RegistryOptions } from './registry-options.js';
import type { ExchangeObserver } from './upstream/observed-exchange.js';
import { StorageRegistry } from './storage/storage-registry.js';
import { V1Registry } from './v1/v1-registry.js';

/** The adapter of a registry's type; the one place that knows them all. */
export const createRegistry = (options: RegistryOptions, observe?: ExchangeObserver): Registry => {
  switch (options.type) {
    case 'distribution':
      return new DistributionRegistry(options, observe);
    case 'dtr':
      return new DtrRegistry(options, observe);
    case 'v1':
      return new V1Registry(options, observe);
    case 'harbor':
      return new HarborRegistry(options, observe);
    case 'storage':
      return new StorageRegistry(options, observe);
  }
};
