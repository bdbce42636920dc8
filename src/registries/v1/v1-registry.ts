import { SextonError } from '../../errors/sexton-error.js';
import { v1ImageIdOf, type Digest } from '../../oci/digest.js';
import { readManifestContent, type Descriptor, type Manifest } from '../../oci/manifest.js';
import { MEDIA_TYPES } from '../../oci/media-types.js';
import { parseReference, type RegistryName, type RepositoryName, type Tag } from '../../oci/names.js';
import { ProbeMemory } from '../probe-memory.js';
import type { Capabilities, OrphanReport, Registry, ResolvedManifest } from '../registry.js';
import type { RegistryOptions } from '../registry-options.js';
import type { ExchangeObserver } from '../upstream/observed-exchange.js';
import { Upstream } from '../upstream/upstream.js';
import { canPullLayer, describeImage, readImage } from './images.js';
import { findOrphans } from './orphans.js';
import { canonicalName } from './paths.js';
import { mustSpeakV1, probe } from './probe.js';
import { listRepositories } from './repositories.js';
import { findTags, putTag, readTag, readTags, removeTag } from './tags.js';

/**
 * The old Python registry (docker-registry 0.x, FACTS §4). A tag names an image; deleting it touches no other tag and
 * no image, and nothing in the API deletes an image. `v1id:<id>` stands for the digest, the ancestry for the manifest.
 */
export class V1Registry implements Registry {
  readonly type = 'v1';
  readonly name: RegistryName;
  private readonly upstream: Upstream;
  private readonly probed = new ProbeMemory();

  constructor(options: RegistryOptions, observe?: ExchangeObserver) {
    this.name = options.name;
    this.upstream = new Upstream(options, observe);
  }

  async probe(repository: RepositoryName | null, signal: AbortSignal): Promise<Capabilities> {
    return this.probed.recall(
      repository,
      () => probe(this.upstream, repository, signal),
      () => mustSpeakV1(this.upstream, signal),
    );
  }

  canonicalName(repository: RepositoryName): RepositoryName {
    return canonicalName(repository);
  }

  listRepositories(
    page: { after: RepositoryName | null; limit: number },
    signal: AbortSignal,
  ): Promise<{ items: readonly RepositoryName[]; hasMore: boolean }> {
    return listRepositories(this.upstream, page, signal);
  }

  async listTags(repository: RepositoryName, signal: AbortSignal): Promise<readonly Tag[]> {
    return [...(await readTags(this.upstream, repository, signal)).keys()];
  }

  async hasRepository(repository: RepositoryName, signal: AbortSignal): Promise<boolean> {
    return (await findTags(this.upstream, repository, signal)) !== null;
  }

  async resolve(
    repository: RepositoryName,
    reference: Tag | Digest,
    signal: AbortSignal,
  ): Promise<ResolvedManifest | null> {
    const asked = parseReference(reference);
    const digest =
      asked?.kind === 'tag'
        ? await readTag(this.upstream, repository, asked.tag, signal)
        : ((await this.readManifest(repository, reference, signal))?.digest ?? null);
    return digest && { digest, mediaType: MEDIA_TYPES.v1Ancestry };
  }

  /** The ancestry; null also for a content digest, which this registry knows nothing of. */
  async readManifest(
    repository: RepositoryName,
    reference: Tag | Digest,
    signal: AbortSignal,
  ): Promise<Manifest | null> {
    const asked = parseReference(reference);
    const image =
      asked?.kind === 'tag'
        ? await readTag(this.upstream, repository, asked.tag, signal)
        : (asked?.digest ?? null);
    if (image === null || v1ImageIdOf(image) === null) return null;
    return readImage(this.upstream, image, signal);
  }

  async listReferrers(
    _repository: RepositoryName,
    _digest: Digest,
    signal: AbortSignal,
  ): Promise<readonly Descriptor[] | null> {
    signal.throwIfAborted();
    return null;
  }

  async deleteManifest(
    repository: RepositoryName,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<'deleted' | 'absent'> {
    signal.throwIfAborted();
    throw new SextonError('digest_unsupported', {
      detail: `Registry ${this.name} cannot delete ${repository}@${digest}: nothing in its API removes an image`,
    });
  }

  untag(
    repository: RepositoryName,
    tag: Tag,
    expected: Digest,
    signal: AbortSignal,
  ): Promise<'untagged' | 'absent' | 'moved'> {
    return removeTag(this.upstream, repository, tag, expected, signal);
  }

  /** Only a tag can be put back, on an image that is still there. */
  async putManifest(
    repository: RepositoryName,
    reference: Tag | Digest,
    manifest: { readonly bytes: Uint8Array; readonly mediaType: string },
    signal: AbortSignal,
  ): Promise<void> {
    const asked = parseReference(reference);
    const content = readManifestContent(manifest.bytes, manifest.mediaType);
    const image = content.kind === 'image' ? v1ImageIdOf(content.blobs[0]?.digest ?? '') : null;
    if (asked?.kind !== 'tag' || image === null) {
      throw new SextonError('not_restorable', {
        detail: `Registry ${this.name} takes tags back, and no image: ${reference} is not one of its tags`,
      });
    }
    await putTag(this.upstream, repository, asked.tag, image, signal);
  }

  /** Of an image its description, which says when it was made. */
  async readBlob(
    _repository: RepositoryName,
    digest: Digest,
    mostBytes: number,
    signal: AbortSignal,
  ): Promise<Uint8Array | null> {
    if (v1ImageIdOf(digest) === null) return null;
    const bytes = (await describeImage(this.upstream, digest, signal))?.body;
    return bytes && bytes.byteLength <= mostBytes ? bytes : null;
  }

  canPullBlob(_repository: RepositoryName, digest: Digest, signal: AbortSignal): Promise<boolean> {
    return v1ImageIdOf(digest) === null
      ? Promise.resolve(false)
      : canPullLayer(this.upstream, digest, signal);
  }

  findOrphans(
    repository: RepositoryName,
    tags: readonly Tag[],
    signal: AbortSignal,
  ): Promise<OrphanReport | null> {
    return findOrphans(this.upstream, repository, tags, signal);
  }

  close(): Promise<void> {
    return this.upstream.close();
  }
}
