import { setImmediate as nextTurn } from 'node:timers/promises';
import { SextonError } from '../../errors/sexton-error.js';
import type { Digest } from '../../oci/digest.js';
import type { Descriptor, Manifest } from '../../oci/manifest.js';
import type { RegistryName, RepositoryName, Tag } from '../../oci/names.js';
import { FilesystemStorage } from '../../storage/filesystem-storage.js';
import { ROOT } from '../../storage/layout.js';
import { StorageFaultError, type Storage } from '../../storage/storage.js';
import type { Capabilities, Registry, ResolvedManifest, UntaggedManifest } from '../registry.js';
import type { RegistryOptions } from '../registry-options.js';
import type { ExchangeObserver } from '../upstream/observed-exchange.js';
import { Upstream } from '../upstream/upstream.js';
import { writability } from '../v2/writability.js';
import { canPullBlob, readBlob } from './blobs.js';
import { deleteManifest } from './delete-manifest.js';
import { hasRepository, listRepositories, listTags, pushTimes } from './listing.js';
import { digestAt, readManifest, resolve } from './manifests.js';
import { putManifest } from './put-manifest.js';
import { References } from './references.js';
import { settle, untag } from './untag.js';

const CAPABILITIES: Capabilities = {
  deletes: 'manifests',
  deletion: 'enabled',
  untag: 'native',
  referrersApi: true,
  listsUntagged: true,
  untagsDangling: true,
};

/**
 * A registry through its own files, for one whose API cannot delete, or that is down. Only links change: tags and
 * revisions of one repository; blobs are left to collection, which minds pushes under way and other repositories.
 *
 * The registry reads links anew for every request, with whatever cache (tried on 2.8.2: what went here is 404 at once),
 * so changing them is safe beside a running one. It is refused all the same while the registry takes pushes, unless the
 * configuration says `online`: what a push does in the same instant is not for us to order.
 */
export class StorageRegistry implements Registry {
  readonly type = 'storage';
  readonly name: RegistryName;
  private readonly upstream: Upstream | null;
  private readonly references = new References();

  constructor(
    options: RegistryOptions,
    observe?: ExchangeObserver,
    private readonly open: () => Storage = () => new FilesystemStorage(options.storage?.directory ?? ''),
  ) {
    this.name = options.name;
    const isAsked = options.url !== '' && options.storage?.online !== true;
    this.upstream = isAsked ? new Upstream({ ...options, attempts: 1 }, observe) : null;
  }

  probe(_repository: RepositoryName | null, signal: AbortSignal): Promise<Capabilities> {
    return this.change(signal, () => Promise.resolve(CAPABILITIES));
  }

  listRepositories(
    page: { after: RepositoryName | null; limit: number },
    signal: AbortSignal,
  ): Promise<{ items: readonly RepositoryName[]; hasMore: boolean }> {
    return this.look(signal, (storage) => listRepositories(storage, page, signal));
  }

  listTags(repository: RepositoryName, signal: AbortSignal): Promise<readonly Tag[]> {
    return this.look(signal, (storage) => listTags(storage, repository));
  }

  hasRepository(repository: RepositoryName, signal: AbortSignal): Promise<boolean> {
    return this.look(signal, (storage) => hasRepository(storage, repository));
  }

  listUntagged(repository: RepositoryName, signal: AbortSignal): Promise<readonly UntaggedManifest[]> {
    return this.look(signal, (storage) => this.references.listUntagged(storage, repository, signal));
  }

  resolve(
    repository: RepositoryName,
    reference: Tag | Digest,
    signal: AbortSignal,
  ): Promise<ResolvedManifest | null> {
    return this.look(signal, (storage) => resolve(storage, repository, reference));
  }

  readManifest(
    repository: RepositoryName,
    reference: Tag | Digest,
    signal: AbortSignal,
  ): Promise<Manifest | null> {
    return this.look(signal, async (storage) => {
      const digest = await digestAt(storage, repository, reference);
      return digest && readManifest(storage, repository, digest);
    });
  }

  listReferrers(
    repository: RepositoryName,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<readonly Descriptor[]> {
    return this.look(signal, (storage) => this.references.listReferrers(storage, repository, digest, signal));
  }

  deleteManifest(
    repository: RepositoryName,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<'deleted' | 'absent'> {
    return this.change(signal, (storage) => deleteManifest(storage, repository, digest));
  }

  untag(
    repository: RepositoryName,
    tag: Tag,
    expected: Digest,
    signal: AbortSignal,
  ): Promise<'untagged' | 'absent' | 'moved'> {
    return this.change(signal, async (storage) => {
      await settle(storage, repository);
      return untag(storage, repository, tag, expected);
    });
  }

  putManifest(
    repository: RepositoryName,
    reference: Tag | Digest,
    manifest: { readonly bytes: Uint8Array; readonly mediaType: string },
    signal: AbortSignal,
  ): Promise<void> {
    return this.change(signal, (storage) => putManifest(storage, repository, reference, manifest.bytes));
  }

  readBlob(
    repository: RepositoryName,
    digest: Digest,
    mostBytes: number,
    signal: AbortSignal,
  ): Promise<Uint8Array | null> {
    return this.look(signal, (storage) => readBlob(storage, repository, digest, mostBytes));
  }

  pushTimes(repository: RepositoryName, signal: AbortSignal): Promise<ReadonlyMap<Tag, Date>> {
    return this.look(signal, (storage) => pushTimes(storage, repository));
  }

  canPullBlob(repository: RepositoryName, digest: Digest, signal: AbortSignal): Promise<boolean> {
    return this.look(signal, (storage) => canPullBlob(storage, repository, digest));
  }

  async close(): Promise<void> {
    await this.upstream?.close();
  }

  private async change<T>(signal: AbortSignal, work: (storage: Storage) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    await this.refuseWhileWritable(signal);
    return this.look(signal, work);
  }

  /** Asked before every change: a registry that was down may be up again. */
  private async refuseWhileWritable(signal: AbortSignal): Promise<void> {
    if (this.upstream === null) return;
    const found = await writability(this.upstream, signal);
    if (found === 'down' || found === 'read_only') return;
    const what = found === 'writable' ? 'takes pushes' : 'does not show that it is down or read-only';
    throw new SextonError('registry_online', {
      detail: `Registry ${this.name} ${what}, so its files are left alone`,
    });
  }

  /**
   * Runs `work` on the files as they are mounted now. Every call opens them anew, so that nothing is believed of a
   * folder that another process may have replaced by a link meanwhile.
   */
  private async look<T>(signal: AbortSignal, work: (storage: Storage) => Promise<T>): Promise<T> {
    signal.throwIfAborted();
    // Files answer at once, thousands in a row: others get their turn in between.
    await nextTurn();
    signal.throwIfAborted();
    try {
      return await work(await this.mounted());
    } catch (error) {
      if (!(error instanceof StorageFaultError)) throw error;
      throw new SextonError('storage_fault', { detail: `Registry ${this.name}: ${error.message}` });
    }
  }

  /** A volume that is not mounted is an empty directory: no registry, rather than one without images. */
  private async mounted(): Promise<Storage> {
    let storage: Storage | null = null;
    try {
      storage = this.open();
    } catch (error) {
      if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error;
    }
    if (storage !== null && (await storage.list(ROOT)) !== null) return storage;
    throw new SextonError('storage_unavailable', {
      detail: `The directory of registry ${this.name} holds no docker/registry/v2 on this machine`,
    });
  }
}
