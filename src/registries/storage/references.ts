import { setImmediate as nextTurn } from 'node:timers/promises';
import { SextonError } from '../../errors/sexton-error.js';
import type { Digest } from '../../oci/digest.js';
import type { Descriptor, Manifest } from '../../oci/manifest.js';
import type { RepositoryName } from '../../oci/names.js';
import { blobData, revisionLink, tagLink } from '../../storage/layout.js';
import { StorageFaultError, type Storage } from '../../storage/storage.js';
import type { UntaggedManifest } from '../registry.js';
import { readLink } from './links.js';
import { listRevisions, listTags } from './listing.js';
import { readManifest } from './manifests.js';

const REMEMBERED = 20_000;
const MANIFESTS_A_TURN = 20;

type Facts = Descriptor & {
  readonly isReadable: boolean;
  readonly children: readonly Digest[];
  readonly subject: Digest | null;
};

/**
 * What the manifests of a repository say about each other. A manifest never changes, so that what was read once is
 * remembered, up to a bound; whether it is still linked is looked at each time.
 */
export class References {
  readonly #known = new Map<Digest, Facts>();

  /** Manifests whose `subject` is `digest`, with or without the fallback tag that should list them. */
  async listReferrers(
    storage: Storage,
    repository: RepositoryName,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<readonly Descriptor[]> {
    const all = await this.#read(storage, repository, signal);
    return all.flatMap(({ facts }) => {
      if (facts?.subject !== digest) return [];
      return [{ digest: facts.digest, mediaType: facts.mediaType, sizeBytes: facts.sizeBytes }];
    });
  }

  /**
   * Manifests that no tag and no index leads to, and that are not about another one. As long as any of the repository
   * cannot be read, it may lead to any of them: then this throws, and names it.
   */
  async listUntagged(
    storage: Storage,
    repository: RepositoryName,
    signal: AbortSignal,
  ): Promise<readonly UntaggedManifest[]> {
    const all = await this.#read(storage, repository, signal);
    const led = new Set<Digest>();
    for (const tag of await listTags(storage, repository)) {
      const digest = await readLink(storage, tagLink(repository, tag));
      if (digest !== null) led.add(digest);
    }
    for (const { digest, facts } of all) {
      if (facts === null)
        throw new StorageFaultError(blobData(digest), `is not there, and ${repository} links it`);
      if (!facts.isReadable) {
        throw new SextonError('unreadable_manifest', {
          detail: `${digest} in ${repository} is of no kind that can be read, so it may contain others`,
        });
      }
      for (const child of facts.children) led.add(child);
    }
    const untagged: UntaggedManifest[] = [];
    for (const { digest, facts } of all) {
      if (facts === null || led.has(digest) || facts.subject !== null) continue;
      const link = await storage.stat(revisionLink(repository, digest));
      const pushedAt = link && new Date(link.modifiedMs);
      untagged.push({ digest, mediaType: facts.mediaType, pushedAt });
    }
    return untagged;
  }

  /** Every linked manifest; `facts` is null where its bytes are gone. */
  async #read(
    storage: Storage,
    repository: RepositoryName,
    signal: AbortSignal,
  ): Promise<readonly { readonly digest: Digest; readonly facts: Facts | null }[]> {
    const found: { digest: Digest; facts: Facts | null }[] = [];
    for (const [i, digest] of [...(await listRevisions(storage, repository))].sort().entries()) {
      if (i % MANIFESTS_A_TURN === 0) await nextTurn(undefined, { signal });
      found.push({ digest, facts: await this.#facts(storage, repository, digest) });
    }
    return found;
  }

  async #facts(storage: Storage, repository: RepositoryName, digest: Digest): Promise<Facts | null> {
    const known = this.#known.get(digest);
    if (known && (await storage.stat(blobData(digest)))) return known;
    const manifest = await readManifest(storage, repository, digest);
    if (manifest === null) return null;
    if (this.#known.size >= REMEMBERED) this.#known.clear();
    const facts = factsOf(manifest);
    this.#known.set(digest, facts);
    return facts;
  }
}

const factsOf = ({ digest, mediaType, bytes, content }: Manifest): Facts => ({
  digest,
  mediaType,
  sizeBytes: bytes.byteLength,
  isReadable: content.kind !== 'opaque',
  children: content.kind === 'index' ? content.children.map((child) => child.digest) : [],
  subject: content.kind === 'opaque' ? null : content.subject,
});
