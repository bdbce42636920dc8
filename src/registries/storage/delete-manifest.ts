import { SextonError } from '../../errors/sexton-error.js';
import type { Digest } from '../../oci/digest.js';
import type { RepositoryName, Tag } from '../../oci/names.js';
import { revisionLink, tagLink } from '../../storage/layout.js';
import type { Storage } from '../../storage/storage.js';
import { hasLink, readLink, writeLink } from './links.js';
import { listTags } from './listing.js';
import { settle, untag } from './untag.js';

/**
 * Removes every tag on the manifest, then its revision link; the empty folder stays, as the registry leaves it.
 *
 * The registry does it the other way round, and a crash there leaves tags that point at nothing and that its API cannot
 * remove (TRAPS 14; FACTS §1.2). This way a crash leaves a manifest with fewer tags or none: it still pulls by its
 * digest, everything else holds together, the same deletion run again ends it, and the tombstone has the tags.
 *
 * What can still come in between is a push, where a registry runs: a tag that is on the manifest after its link went
 * would dangle. So the tags are read once more, and for such a tag the link is put back.
 */
export const deleteManifest = async (
  storage: Storage,
  repository: RepositoryName,
  digest: Digest,
): Promise<'deleted' | 'absent'> => {
  await settle(storage, repository);
  const link = revisionLink(repository, digest);
  if (!(await hasLink(storage, link, digest))) return 'absent';
  // All are read before any is touched: one that cannot be read may be on it.
  for (const tag of await tagsOn(storage, repository, digest)) await untag(storage, repository, tag, digest);
  await storage.deleteMany([link]);
  const [late] = await tagsOn(storage, repository, digest);
  if (late === undefined) return 'deleted';
  await writeLink(storage, link, digest);
  throw new SextonError('shared_digest', {
    detail: `Tag ${late} was put on ${digest} while it was being deleted; the manifest stays`,
  });
};

const tagsOn = async (storage: Storage, repository: RepositoryName, digest: Digest): Promise<Tag[]> => {
  const found: Tag[] = [];
  for (const tag of await listTags(storage, repository)) {
    if ((await readLink(storage, tagLink(repository, tag))) === digest) found.push(tag);
  }
  return found;
};
