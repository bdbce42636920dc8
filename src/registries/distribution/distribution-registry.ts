import type { Digest } from '../../oci/digest.js';
import type { Descriptor, Manifest } from '../../oci/manifest.js';
import type { RegistryName, RepositoryName, Tag } from '../../oci/names.js';
import { ProbeMemory } from '../probe-memory.js';
import type { Capabilities, Registry, ResolvedManifest } from '../registry.js';
import type { RegistryOptions } from '../registry-options.js';
import type { ExchangeObserver } from '../upstream/observed-exchange.js';
import { Upstream } from '../upstream/upstream.js';
import { hasRepository, listRepositories, listTags } from '../v2/listing.js';
import { deleteManifest, putManifest, readManifest, resolve } from '../v2/manifests.js';
import { mustSpeakV2, probe } from './probe.js';
import { canPullBlob } from '../v2/pull.js';
import { listReferrers } from '../v2/referrers.js';
import { readBlob } from '../v2/small-blob.js';
import { untag } from './untag.js';

/** Docker Registry 2.x, CNCF Distribution 3.x and other registries with the OCI distribution API. */
export class DistributionRegistry implements Registry {
  readonly type = 'distribution';
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
      () => mustSpeakV2(this.upstream, signal),
    );
  }

  listRepositories(
    page: { after: RepositoryName | null; limit: number },
    signal: AbortSignal,
  ): Promise<{ items: readonly RepositoryName[]; hasMore: boolean }> {
    return listRepositories(this.upstream, page, signal);
  }

  listTags(repository: RepositoryName, signal: AbortSignal): Promise<readonly Tag[]> {
    return listTags(this.upstream, repository, signal);
  }

  hasRepository(repository: RepositoryName, signal: AbortSignal): Promise<boolean> {
    return hasRepository(this.upstream, repository, signal);
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
    return readManifest(this.upstream, repository, reference, signal);
  }

  listReferrers(
    repository: RepositoryName,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<readonly Descriptor[] | null> {
    return listReferrers(this.upstream, repository, digest, signal);
  }

  deleteManifest(
    repository: RepositoryName,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<'deleted' | 'absent'> {
    return deleteManifest(this.upstream, repository, digest, signal);
  }

  async untag(
    repository: RepositoryName,
    tag: Tag,
    expected: Digest,
    signal: AbortSignal,
  ): Promise<'untagged' | 'absent' | 'moved'> {
    const { untag: how } = await this.probe(repository, signal);
    return untag(this.upstream, how, repository, tag, expected, signal);
  }

  putManifest(
    repository: RepositoryName,
    reference: Tag | Digest,
    manifest: { readonly bytes: Uint8Array; readonly mediaType: string },
    signal: AbortSignal,
  ): Promise<void> {
    return putManifest(this.upstream, repository, reference, manifest, signal);
  }

  readBlob(
    repository: RepositoryName,
    digest: Digest,
    mostBytes: number,
    signal: AbortSignal,
  ): Promise<Uint8Array | null> {
    return readBlob(this.upstream, repository, digest, mostBytes, signal);
  }

  canPullBlob(repository: RepositoryName, digest: Digest, signal: AbortSignal): Promise<boolean> {
    return canPullBlob(this.upstream, repository, digest, signal);
  }

  close(): Promise<void> {
    return this.upstream.close();
  }
}
