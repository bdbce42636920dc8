import { bytesMatch, digestOrNull, type Digest } from '../../oci/digest.js';
import { readManifestContent, type Manifest } from '../../oci/manifest.js';
import type { RepositoryName, Tag } from '../../oci/names.js';
import { SextonError } from '../../errors/sexton-error.js';
import { blobData, revisionLink, tagLink } from '../../storage/layout.js';
import type { Storage } from '../../storage/storage.js';
import type { ResolvedManifest } from '../registry.js';
import { hasLink, readLink } from './links.js';
import { mediaTypeOf } from './media-type.js';

/** Registries take at most 4 MiB on PUT (FACTS §1.4). */
export const MOST_MANIFEST_BYTES = 4 * 1024 * 1024;

/** Of a tag whose manifest is gone, since nobody can say it. */
const NOT_KNOWN = 'application/octet-stream';

/** What a reference names; of a tag its link says it, whether the manifest is there or not. */
export const digestAt = async (
  storage: Storage,
  repository: RepositoryName,
  reference: Tag | Digest,
): Promise<Digest | null> => digestOrNull(reference) ?? readLink(storage, tagLink(repository, reference));

/** A tag that dangles resolves to what it names: only so can it be removed (TRAPS 14). */
export const resolve = async (
  storage: Storage,
  repository: RepositoryName,
  reference: Tag | Digest,
): Promise<ResolvedManifest | null> => {
  const digest = await digestAt(storage, repository, reference);
  if (digest === null) return null;
  const manifest = await readManifest(storage, repository, digest);
  if (manifest !== null) return { digest, mediaType: manifest.mediaType };
  return digest === reference ? null : { digest, mediaType: NOT_KNOWN };
};

/** As the registry does: a manifest is there when the repository links it and its bytes are there. */
export const readManifest = async (
  storage: Storage,
  repository: RepositoryName,
  digest: Digest,
): Promise<Manifest | null> => {
  if (!(await hasLink(storage, revisionLink(repository, digest), digest))) return null;
  const path = blobData(digest);
  const bytes = await storage.read(path, MOST_MANIFEST_BYTES);
  if (bytes === null) return null;
  if (!bytesMatch(digest, bytes)) {
    throw new SextonError('digest_mismatch', { detail: `${path} does not hash to its name` });
  }
  const mediaType = mediaTypeOf(bytes);
  return { digest, mediaType, bytes, content: readManifestContent(bytes, mediaType) };
};
