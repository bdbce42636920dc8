import type { Digest } from '../../oci/digest.js';
import type { Descriptor, Manifest } from '../../oci/manifest.js';
import type { RegistryName, RepositoryName, Tag } from '../../oci/names.js';
import { hasRepository, listTags } from '../v2/listing.js';
import { putManifest } from '../v2/manifests.js';
import { canPullBlob } from '../v2/pull.js';
import { listReferrers } from '../v2/referrers.js';
import { readBlob } from '../v2/small-blob.js';
import type { Capabilities, Registry, ResolvedManifest, UntaggedManifest } from '../registry.js';
import type { RegistryOptions } from '../registry-options.js';
import type { ExchangeObserver } from '../upstream/observed-exchange.js';
import { Upstream } from '../upstream/upstream.js';
import { deleteArtifact, readManifest, resolve, untag } from './artifacts.js';
import { HARBOR } from './dialect.js';
import { listRepositories, listUntagged, pushTimes } from './listing.js';
import { isInProject } from './paths.js';
import { probe, withClear401 } from './probe.js';

/** Harbor 2.x (and MSR 4, which is built on it): its own API v2.0, and /v2 for what only that serves (FACTS §3). */
export class HarborRegistry implements Registry {
  readonly type = 'harbor';
  readonly name: RegistryName;
  private readonly upstream: Upstream;

  constructor(options: RegistryOptions, observe?: ExchangeObserver) {
    this.name = options.name;
    this.upstream = new Upstream(options, observe, HARBOR);
  }

  /** Two reads, of the registry as a whole: cheap enough to be asked anew each time. */
  probe(_repository: RepositoryName | null, signal: AbortSignal): Promise<Capabilities> {
    return probe(this.upstream, signal);
  }

  listRepositories(
    page: { after: RepositoryName | null; limit: number },
    signal: AbortSignal,
  ): Promise<{ items: readonly RepositoryName[]; hasMore: boolean }> {
    return listRepositories(this.upstream, page, signal);
  }

  /** From /v2: the API's artifacts leave out those of signatures, and with them their tags. */
  async listTags(repository: RepositoryName, signal: AbortSignal): Promise<readonly Tag[]> {
    if (!isInProject(repository)) return [];
    return this.v2(repository, () => listTags(this.upstream, repository, signal), signal);
  }

  async hasRepository(repository: RepositoryName, signal: AbortSignal): Promise<boolean> {
    if (!isInProject(repository)) return false;
    return this.v2(repository, () => hasRepository(this.upstream, repository, signal), signal);
  }

  listUntagged(repository: RepositoryName, signal: AbortSignal): Promise<readonly UntaggedManifest[]> {
    return listUntagged(this.upstream, repository, signal);
  }

  pushTimes(repository: RepositoryName, signal: AbortSignal): Promise<ReadonlyMap<Tag, Date>> {
    return pushTimes(this.upstream, repository, signal);
  }

  resolve(
    repository: RepositoryName,
    reference: Tag | Digest,
    signal: AbortSignal,
  ): Promise<ResolvedManifest | null> {
    return resolve(this.upstream, repository, reference, signal);
  }

  readManifest(
    repository: RepositoryName,
    reference: Tag | Digest,
    signal: AbortSignal,
  ): Promise<Manifest | null> {
    return this.v2(repository, () => readManifest(this.upstream, repository, reference, signal), signal);
  }

  listReferrers(
    repository: RepositoryName,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<readonly Descriptor[] | null> {
    return this.v2(repository, () => listReferrers(this.upstream, repository, digest, signal), signal);
  }

  deleteManifest(
    repository: RepositoryName,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<'deleted' | 'absent'> {
    return deleteArtifact(this.upstream, repository, digest, signal);
  }

  untag(
    repository: RepositoryName,
    tag: Tag,
    expected: Digest,
    signal: AbortSignal,
  ): Promise<'untagged' | 'absent' | 'moved'> {
    return untag(this.upstream, repository, tag, expected, signal);
  }

  putManifest(
    repository: RepositoryName,
    reference: Tag | Digest,
    manifest: { readonly bytes: Uint8Array; readonly mediaType: string },
    signal: AbortSignal,
  ): Promise<void> {
    const put = () => putManifest(this.upstream, repository, reference, manifest, signal);
    return this.v2(repository, put, signal);
  }

  readBlob(
    repository: RepositoryName,
    digest: Digest,
    mostBytes: number,
    signal: AbortSignal,
  ): Promise<Uint8Array | null> {
    const read = () => readBlob(this.upstream, repository, digest, mostBytes, signal);
    return this.v2(repository, read, signal);
  }

  canPullBlob(repository: RepositoryName, digest: Digest, signal: AbortSignal): Promise<boolean> {
    return this.v2(repository, () => canPullBlob(this.upstream, repository, digest, signal), signal);
  }

  close(): Promise<void> {
    return this.upstream.close();
  }

  private v2<T>(repository: RepositoryName, call: () => Promise<T>, signal: AbortSignal): Promise<T> {
    return withClear401(this.upstream, repository, call, signal);
  }
}
