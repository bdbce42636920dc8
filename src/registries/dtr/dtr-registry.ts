import type { Digest } from '../../oci/digest.js';
import type { Descriptor, Manifest } from '../../oci/manifest.js';
import type { RegistryName, RepositoryName, Tag } from '../../oci/names.js';
import { putManifest, readManifest, resolve } from '../v2/manifests.js';
import { canPullBlob } from '../v2/pull.js';
import { listReferrers } from '../v2/referrers.js';
import { readBlob } from '../v2/small-blob.js';
import { ProbeMemory } from '../probe-memory.js';
import type { Capabilities, Registry, ResolvedManifest } from '../registry.js';
import type { RegistryOptions } from '../registry-options.js';
import type { ExchangeObserver } from '../upstream/observed-exchange.js';
import { Upstream } from '../upstream/upstream.js';
import { API_DIALECT } from './api.js';
import { deleteManifest, untag, type DtrUpstreams } from './deletion.js';
import { anyRepository, hasRepository, listRepositories, listTags } from './listing.js';
import { assertHasPlace, hasPlace } from './paths.js';
import { probe } from './probe.js';

/**
 * Docker Trusted Registry 2.x, Mirantis Secure Registry 2.x and 3.x (FACTS §2): its own API lists and deletes, the
 * distribution API beside it reads and takes back. Each has its own way to authenticate. MSR 4 is a Harbor.
 * Of a name that cannot be there nothing is: reading says so, and what would change it explains.
 */
export class DtrRegistry implements Registry {
  readonly type = 'dtr';
  readonly name: RegistryName;
  private readonly upstreams: DtrUpstreams;
  private readonly probed = new ProbeMemory();

  constructor(
    private readonly options: RegistryOptions,
    observe?: ExchangeObserver,
  ) {
    this.name = options.name;
    this.upstreams = {
      api: new Upstream(options, observe, API_DIALECT),
      v2: new Upstream(options, observe),
    };
  }

  async probe(repository: RepositoryName | null, signal: AbortSignal): Promise<Capabilities> {
    if (repository !== null) assertHasPlace(repository, this.options);
    return this.probed.recall(
      repository,
      () => probe(this.upstreams, repository, signal),
      () => anyRepository(this.upstreams.api, signal),
    );
  }

  listRepositories(
    page: { after: RepositoryName | null; limit: number },
    signal: AbortSignal,
  ): Promise<{ items: readonly RepositoryName[]; hasMore: boolean }> {
    return listRepositories(this.upstreams.api, page, signal);
  }

  async listTags(repository: RepositoryName, signal: AbortSignal): Promise<readonly Tag[]> {
    if (!hasPlace(repository, this.options)) return [];
    return listTags(this.upstreams.api, repository, signal);
  }

  async hasRepository(repository: RepositoryName, signal: AbortSignal): Promise<boolean> {
    if (!hasPlace(repository, this.options)) return false;
    return hasRepository(this.upstreams.api, repository, signal);
  }

  async resolve(
    repository: RepositoryName,
    reference: Tag | Digest,
    signal: AbortSignal,
  ): Promise<ResolvedManifest | null> {
    if (!hasPlace(repository, this.options)) return null;
    return resolve(this.upstreams.v2, repository, reference, signal);
  }

  async readManifest(
    repository: RepositoryName,
    reference: Tag | Digest,
    signal: AbortSignal,
  ): Promise<Manifest | null> {
    if (!hasPlace(repository, this.options)) return null;
    return readManifest(this.upstreams.v2, repository, reference, signal);
  }

  async listReferrers(
    repository: RepositoryName,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<readonly Descriptor[] | null> {
    if (!hasPlace(repository, this.options)) return null;
    return listReferrers(this.upstreams.v2, repository, digest, signal);
  }

  async deleteManifest(
    repository: RepositoryName,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<'deleted' | 'absent'> {
    assertHasPlace(repository, this.options);
    return deleteManifest(this.upstreams, repository, digest, signal);
  }

  async untag(
    repository: RepositoryName,
    tag: Tag,
    expected: Digest,
    signal: AbortSignal,
  ): Promise<'untagged' | 'absent' | 'moved'> {
    assertHasPlace(repository, this.options);
    return untag(this.upstreams, repository, tag, expected, signal);
  }

  async putManifest(
    repository: RepositoryName,
    reference: Tag | Digest,
    manifest: { readonly bytes: Uint8Array; readonly mediaType: string },
    signal: AbortSignal,
  ): Promise<void> {
    assertHasPlace(repository, this.options);
    await putManifest(this.upstreams.v2, repository, reference, manifest, signal);
  }

  async readBlob(
    repository: RepositoryName,
    digest: Digest,
    mostBytes: number,
    signal: AbortSignal,
  ): Promise<Uint8Array | null> {
    if (!hasPlace(repository, this.options)) return null;
    return readBlob(this.upstreams.v2, repository, digest, mostBytes, signal);
  }

  async canPullBlob(repository: RepositoryName, digest: Digest, signal: AbortSignal): Promise<boolean> {
    if (!hasPlace(repository, this.options)) return false;
    return canPullBlob(this.upstreams.v2, repository, digest, signal);
  }

  async close(): Promise<void> {
    await Promise.all([this.upstreams.api.close(), this.upstreams.v2.close()]);
  }
}
