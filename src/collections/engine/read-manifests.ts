import { hash } from 'node:crypto';
import type { Digest } from '../../oci/digest.js';
import { unpackDigests, type PackedDigests } from './digest-key.js';
import { blobData } from '../../storage/layout.js';
import { StorageFaultError, type Storage } from '../../storage/storage.js';
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

export const matchesDigest = (digest: Digest, bytes: Uint8Array): boolean => {
  const algorithm = digest.slice(0, digest.indexOf(':'));
  return `${algorithm}:${hash(algorithm, bytes, 'hex')}` === digest;
};

/**
 * Reads what the manifests refer to. Bytes that do not hash to their digest say nothing for certain; what they mention
 * is kept all the same.
 */
export const readManifests = async (storage: Storage, packed: PackedDigests): Promise<ManifestReading> => {
  const digests = unpackDigests(packed);
  const packer = new RecordPacker();
  const unread: UnreadManifest[] = [];
  await storage.readEach(digests.map(blobData), MANIFEST_MAX_BYTES, (bytes, i) => {
    const digest = digests[i];
    if (digest === undefined) return;
    if (bytes === null) {
      unread.push({ digest, cause: 'missing', problem: 'is missing' });
    } else if (bytes instanceof StorageFaultError) {
      unread.push({ digest, cause: bytes.isTooLarge ? 'large' : 'damaged', problem: bytes.problem });
    } else {
      const isWhole = matchesDigest(digest, bytes);
      if (!isWhole) unread.push({ digest, cause: 'damaged', problem: 'does not match its digest' });
      const read = readReferences(bytes);
      packer.push(digest, bytes.length, isWhole ? read : { ...read, kind: 'opaque' });
    }
  });
  return { records: packer.packed(), unread };
};
