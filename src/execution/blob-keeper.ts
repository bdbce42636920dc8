import type { RegistryName } from '../oci/names.js';

/**
 * Where blobs that a registry lost may still wait: brings those of `digests` back that do, and runs `work` while nothing
 * can take them again. Rejects with what `work` does, and with `storage_locked` while a collection is under way.
 */
export type WithBlobs = <T>(
  registry: RegistryName,
  digests: readonly string[],
  work: () => Promise<T>,
) => Promise<T>;
