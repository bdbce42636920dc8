import { SextonError } from '../../errors/sexton-error.js';
import { bytesMatch, digestOf, digestOrNull, type Digest } from '../../oci/digest.js';
import { readManifestContent } from '../../oci/manifest.js';
import { parseReference, type RepositoryName, type Tag } from '../../oci/names.js';
import { blobData, revisionLink, tagHistoryLink, tagLink } from '../../storage/layout.js';
import type { Storage } from '../../storage/storage.js';
import { hasBlob } from './blobs.js';
import { writeLink } from './links.js';
import { MOST_MANIFEST_BYTES } from './manifests.js';
import { mediaTypeOf } from './media-type.js';
import { settle } from './untag.js';

/** A layer that need not be here (OCI image spec layer.md "Non-Distributable Layers"). */
const FOREIGN = /foreign|nondistributable/;

/**
 * Puts a manifest into the files in the registry's own order: the bytes, the revision link, and of a tag its history
 * before what it points at. Killed anywhere, no link leads to what is not there.
 */
export const putManifest = async (
  storage: Storage,
  repository: RepositoryName,
  reference: Tag | Digest,
  bytes: Uint8Array,
): Promise<void> => {
  const named = digestOrNull(reference);
  const digest = named ?? digestOf(bytes);
  if (!bytesMatch(digest, bytes)) {
    throw new SextonError('digest_mismatch', {
      detail: `What is to be put at ${digest} does not hash to it`,
    });
  }
  await mustBePullable(storage, repository, digest, bytes);
  await settle(storage, repository);
  await putBytes(storage, digest, bytes);
  await writeLink(storage, revisionLink(repository, digest), digest);
  const asked = parseReference(reference);
  if (asked?.kind !== 'tag') return;
  await writeLink(storage, tagHistoryLink(repository, asked.tag, digest), digest);
  await writeLink(storage, tagLink(repository, asked.tag), digest);
};

/** The registry refuses an image without its blobs as well. Children of an index it had need not all be there. */
const mustBePullable = async (
  storage: Storage,
  repository: RepositoryName,
  digest: Digest,
  bytes: Uint8Array,
): Promise<void> => {
  const content = readManifestContent(bytes, mediaTypeOf(bytes));
  const blobs = content.kind === 'image' ? content.blobs : [];
  for (const blob of blobs) {
    if (FOREIGN.test(blob.mediaType) || (await hasBlob(storage, repository, blob.digest))) continue;
    throw new SextonError('not_restorable', {
      detail: `${repository} no longer has the blob ${blob.digest}, which ${digest} needs`,
    });
  }
};

/** Bytes that are there already are compared and left alone: other repositories may share them. */
const putBytes = async (storage: Storage, digest: Digest, bytes: Uint8Array): Promise<void> => {
  const path = blobData(digest);
  const there = await storage.read(path, MOST_MANIFEST_BYTES);
  if (there === null) {
    await storage.write(path, bytes);
  } else if (!bytesMatch(digest, there)) {
    throw new SextonError('digest_mismatch', { detail: `${path} does not hash to its name` });
  }
};
