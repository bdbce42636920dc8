import type { Digest } from '../oci/digest.js';
import type { Descriptor, Manifest } from '../oci/manifest.js';
import type { RegistryName, RepositoryName, Tag } from '../oci/names.js';

/** What a registry was found to be able to do. The planner reads this, never the registry's type. */
export interface Capabilities {
  /**
   * What a deletion is made of. `manifests`: a manifest goes by its digest, with every tag on it. `tags`: only tags go,
   * each alone, and nothing that they point at; a deletion never endangers a sibling, and a digest cannot be deleted.
   */
  readonly deletes: 'manifests' | 'tags';
  /**
   * How one tag can go while its manifest stays: `native` (the registry deletes tags), `replace` (the tag is given a
   * throw-away manifest, which is then deleted; needs push rights), `none`.
   */
  readonly untag: 'native' | 'replace' | 'none';
  /** Whether `DELETE` is accepted at all, as a probe found it. */
  readonly deletion: 'enabled' | 'disabled' | 'read_only' | 'unknown';
  /** The OCI referrers API; without it, referrers are found through their fallback tags. */
  readonly referrersApi: boolean;
  /** Manifests without a tag can be listed. */
  readonly listsUntagged: boolean;
  /** A tag can be removed although its manifest is gone; it resolves to what it names (TRAPS 14). */
  readonly untagsDangling?: boolean;
  /**
   * With a manifest the registry deletes, in the same step, its children that have no tag and no other index, and its
   * referrers: nobody can keep those, and nobody can read them after it.
   */
  readonly deletesAlong?: boolean;
}

/** What a resolve says: never the bytes. */
export interface ResolvedManifest {
  readonly digest: Digest;
  readonly mediaType: string;
}

/** A manifest that no tag and no index leads to. */
export interface UntaggedManifest {
  readonly digest: Digest;
  readonly mediaType: string;
  /** When the registry got it; null where it does not say. */
  readonly pushedAt: Date | null;
}

/** Images that no tag would lead to any more; they stay until the registry's garbage is collected. */
export interface OrphanReport {
  readonly images: readonly Digest[];
  /** How far was looked for who still needs them: at every tag of the registry, or only at those of the repository. */
  readonly lookedAt: 'registry' | 'repository';
}

/**
 * One upstream registry. Promises that every adapter keeps:
 * - Every failure is a `SextonError` with an `upstream_*`, `*_unsupported`, `delete_disabled`, `registry_read_only`,
 *   `registry_online`, `storage_*`, `not_restorable` or `digest_mismatch` code, and carries no secret.
 * - `null` means absent beyond doubt: asked with every media type, confirmed by GET (TRAPS 4). Doubt throws.
 * - Calls are retried inside only where the same call can succeed and repeating is harmless.
 * - An aborted `signal` ends the call before anything more is sent.
 */
export interface Registry {
  readonly name: RegistryName;
  readonly type: string;

  /**
   * What this registry can do, asked of the registry itself. `repository` is one that the configured account may work
   * in; the answer is cached for a short while. Null asks about a name that need not exist, and gives no cached answer
   * unless the registry answers now: it is what people are shown while they look for what is wrong.
   */
  probe(repository: RepositoryName | null, signal: AbortSignal): Promise<Capabilities>;

  /** The one name of a repository that this registry serves under several; without it, every name is that. */
  canonicalName?(repository: RepositoryName): RepositoryName;

  /** Repositories in name order, after `after`; at most `limit`. `listing_unsupported` where it cannot. */
  listRepositories(
    page: { after: RepositoryName | null; limit: number },
    signal: AbortSignal,
  ): Promise<{ items: readonly RepositoryName[]; hasMore: boolean }>;

  /** Every tag of the repository, each once; empty for a repository without tags or an unknown one. */
  listTags(repository: RepositoryName, signal: AbortSignal): Promise<readonly Tag[]>;

  /**
   * Tells an empty `listTags` of an unknown repository from one of a repository without tags: false only where the
   * registry itself says that it has none of this name.
   */
  hasRepository(repository: RepositoryName, signal: AbortSignal): Promise<boolean>;

  /**
   * Manifests of the repository that neither a tag nor an index leads to, each once; children of indexes and the
   * registry's own helpers (signatures) are not among them. Null, or no such method, where the registry cannot tell.
   */
  listUntagged?(repository: RepositoryName, signal: AbortSignal): Promise<readonly UntaggedManifest[] | null>;

  /** What a tag or digest points at now. */
  resolve(
    repository: RepositoryName,
    reference: Tag | Digest,
    signal: AbortSignal,
  ): Promise<ResolvedManifest | null>;

  /** The manifest's exact bytes, hashed and compared with its digest (`digest_mismatch` otherwise). */
  readManifest(
    repository: RepositoryName,
    reference: Tag | Digest,
    signal: AbortSignal,
  ): Promise<Manifest | null>;

  /** Manifests whose `subject` is `digest`, through the referrers API; null where the registry has none. */
  listReferrers(
    repository: RepositoryName,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<readonly Descriptor[] | null>;

  /**
   * Removes the manifest and with it every tag on it, and more with `deletesAlong`. `absent`: the registry says that it
   * was not there. Refuses with `digest_unsupported` where only tags can go.
   */
  deleteManifest(
    repository: RepositoryName,
    digest: Digest,
    signal: AbortSignal,
  ): Promise<'deleted' | 'absent'>;

  /**
   * Removes one tag; its manifest and sibling tags stay. `moved`: the tag no longer pointed at `expected`, nothing
   * was done. Refuses with `untag_unsupported` where it cannot.
   */
  untag(
    repository: RepositoryName,
    tag: Tag,
    expected: Digest,
    signal: AbortSignal,
  ): Promise<'untagged' | 'absent' | 'moved'>;

  /**
   * Puts a manifest back, byte for byte, under a tag or its digest. `not_restorable` where it is gone and the registry
   * takes no manifest, but only tags on what it has.
   */
  putManifest(
    repository: RepositoryName,
    reference: Tag | Digest,
    manifest: { readonly bytes: Uint8Array; readonly mediaType: string },
    signal: AbortSignal,
  ): Promise<void>;

  /** A small blob, such as an image's configuration, hashed; null when it is not there or has more than `mostBytes`. */
  readBlob(
    repository: RepositoryName,
    digest: Digest,
    mostBytes: number,
    signal: AbortSignal,
  ): Promise<Uint8Array | null>;

  /** When each tag was pushed, as the registry says. Null, or no such method, where the registry cannot tell. */
  pushTimes?(repository: RepositoryName, signal: AbortSignal): Promise<ReadonlyMap<Tag, Date> | null>;

  /** Whether the blob can be pulled whole: read to its end and hashed. */
  canPullBlob(repository: RepositoryName, digest: Digest, signal: AbortSignal): Promise<boolean>;

  /**
   * What nothing would need any more after these tags of the repository went; null when that cannot be told. Only of a
   * registry that deletes tags and never what they point at.
   */
  findOrphans?(
    repository: RepositoryName,
    tags: readonly Tag[],
    signal: AbortSignal,
  ): Promise<OrphanReport | null>;

  /** Ends connections. */
  close(): Promise<void>;
}
