import { parseRegistryName } from '../../src/oci/names.js';
import type { RegistryOptions } from '../../src/registries/registry-options.js';

/** One registry's options with short waits. */
export const registryOptions = (
  name: string,
  url: string,
  changes: Partial<RegistryOptions> = {},
): RegistryOptions => ({
  name: parseRegistryName(name),
  type: 'distribution',
  url,
  credentials: null,
  tlsCa: null,
  tokenRealms: [],
  maxConcurrentRepositories: 8,
  connectTimeoutMs: 2_000,
  requestTimeoutMs: 5_000,
  attempts: 2,
  retryBaseMs: 5,
  retryMaxMs: 50,
  namespaces: 'required',
  storage: null,
  ...changes,
});
