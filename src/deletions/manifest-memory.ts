import { LRUCache } from 'lru-cache';
import type { Digest } from '../oci/digest.js';
import type { Manifest } from '../oci/manifest.js';
import type { RegistryName, RepositoryName } from '../oci/names.js';

/** What a tombstone keeps of a manifest. */
export type ManifestBytes = Pick<Manifest, 'digest' | 'mediaType' | 'bytes'>;

const MOST_BYTES = 8 * 1024 * 1024;
const TTL_MS = 10 * 60_000;

/**
 * The bytes of manifests that this process has planned to delete, so that they need not be asked for again when their turn
 * comes. They are what their digest says for ever; whether the registry still has them, it does not say.
 */
export class ManifestMemory {
  readonly #kept = new LRUCache<string, ManifestBytes>({
    maxSize: MOST_BYTES,
    sizeCalculation: ({ bytes }) => bytes.byteLength + OVERHEAD_BYTES,
    ttl: TTL_MS,
  });

  keep(registry: RegistryName, repository: RepositoryName, { digest, mediaType, bytes }: Manifest): void {
    // A copy: what was read may be a piece of something larger, which would stay in memory with it.
    this.#kept.set(keyOf(registry, repository, digest), { digest, mediaType, bytes: Uint8Array.from(bytes) });
  }

  /** Hands it over and keeps it no longer. Null where it was never kept, was taken before, or is too old. */
  take(registry: RegistryName, repository: RepositoryName, digest: Digest): ManifestBytes | null {
    const key = keyOf(registry, repository, digest);
    const kept = this.#kept.get(key) ?? null;
    this.#kept.delete(key);
    return kept;
  }
}

/** About what an entry takes beside its bytes. */
const OVERHEAD_BYTES = 512;

const keyOf = (registry: RegistryName, repository: RepositoryName, digest: Digest): string =>
  `${registry}/${repository}@${digest}`;
