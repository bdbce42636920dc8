import { bytesMatch, type Digest } from '../../oci/digest.js';
import type { RepositoryName } from '../../oci/names.js';
import { blobData, layerLink } from '../../storage/layout.js';
import type { Storage } from '../../storage/storage.js';
import { hasLink } from './links.js';

/** The registry serves a blob only where the repository links it. */
const isLinked = (storage: Storage, repository: RepositoryName, digest: Digest): Promise<boolean> =>
  hasLink(storage, layerLink(repository, digest), digest);

/** Whether the repository has the blob, as far as can be seen without reading it. */
export const hasBlob = async (
  storage: Storage,
  repository: RepositoryName,
  digest: Digest,
): Promise<boolean> =>
  (await isLinked(storage, repository, digest)) && (await storage.stat(blobData(digest))) !== null;

export const readBlob = async (
  storage: Storage,
  repository: RepositoryName,
  digest: Digest,
  mostBytes: number,
): Promise<Uint8Array | null> => {
  if (!(await isLinked(storage, repository, digest))) return null;
  const path = blobData(digest);
  const facts = await storage.stat(path);
  if (facts === null || facts.sizeBytes > mostBytes) return null;
  const bytes = await storage.read(path, mostBytes);
  return bytes && bytesMatch(digest, bytes) ? bytes : null;
};

/** Whether every byte of it is there, and hashes to its name. */
export const canPullBlob = async (
  storage: Storage,
  repository: RepositoryName,
  digest: Digest,
): Promise<boolean> => {
  if (!(await isLinked(storage, repository, digest))) return false;
  const [algorithm, hex] = digest.split(':');
  return (await storage.hash(blobData(digest), algorithm === 'sha512' ? 'sha512' : 'sha256')) === hex;
};
