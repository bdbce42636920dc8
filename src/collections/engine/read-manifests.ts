import { createHash } from 'node:crypto';
import type { Digest } from '../../oci/digest.js';
import { blobData } from '../storage/layout.js';
import { StorageFaultError, type Storage } from '../storage/storage.js';
import { RecordPacker, type ManifestRecords } from './manifest-records.js';
import { readReferences } from './references.js';

/** Registries accept manifests of at most 4 MiB (FACTS §1.4). */
export const MANIFEST_MAX_BYTES = 4 * 1024 * 1024;

/** A manifest whose references are not known for certain. */
export interface UnreadManifest {
  readonly digest: Digest;
  /** `large`: too large for any registry to have taken it as a manifest. */
  readonly cause: 'missing' | 'large' | 'damaged';
  readonly problem: string;
}

export interface ManifestReading {
  readonly records: ManifestRecords;
  readonly unread: readonly UnreadManifest[];
}

const hashOf = (digest: Digest, bytes: Uint8Array): string => {
  const algorithm = digest.slice(0, digest.indexOf(':'));
  return `${algorithm}:${createHash(algorithm).update(bytes).digest('hex')}`;
};

/**
 * Reads what the manifests refer to. Bytes that do not hash to their digest say nothing for certain; what they mention
 * is kept all the same.
 */
export const readManifests = async (
  storage: Storage,
  digests: Iterable<Digest>,
): Promise<ManifestReading> => {
  const packer = new RecordPacker();
  const unread: UnreadManifest[] = [];
  for (const digest of digests) {
    try {
      const bytes = await storage.read(blobData(digest), MANIFEST_MAX_BYTES);
      if (bytes === null) {
        unread.push({ digest, cause: 'missing', problem: 'is missing' });
        continue;
      }
      const isWhole = hashOf(digest, bytes) === digest;
      if (!isWhole) unread.push({ digest, cause: 'damaged', problem: 'does not match its digest' });
      const read = readReferences(bytes);
      packer.push(digest, bytes.length, isWhole ? read : { ...read, kind: 'opaque' });
    } catch (error) {
      if (!(error instanceof StorageFaultError)) throw error;
      unread.push({ digest, cause: error.isTooLarge ? 'large' : 'damaged', problem: error.problem });
    }
  }
  return { records: packer.packed(), unread };
};
