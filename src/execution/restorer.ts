import type { AuditLog } from '../audit/audit-log.js';
import type { Db } from '../database/database.js';
import { auditEventOf } from '../deletions/deletion-audit.js';
import type { DeletionRow } from '../deletions/deletion-view.js';
import type { DeletionsStore } from '../deletions/deletions.store.js';
import { readTombstones, type Tombstone } from '../deletions/tombstones.store.js';
import { SextonError } from '../errors/sexton-error.js';
import { parseRegistryName, parseRepositoryName, parseTag, type RepositoryName } from '../oci/names.js';
import { readManifestContent } from '../oci/manifest.js';
import type { Digest } from '../oci/digest.js';
import type { Registries } from '../registries/registries.js';
import type { Registry } from '../registries/registry.js';
import type { Logger } from '../telemetry/logger.js';
import type { WithBlobs } from './blob-keeper.js';
import type { RepositoryClaim } from './repository-claim.js';
import { asSextonError, type RetryPolicy } from './retry-policy.js';

interface Restored {
  readonly tombstone: Tombstone;
  /** Tags that point elsewhere by now and were left alone. */
  readonly leftAlone: readonly string[];
}

/**
 * Puts a deletion back: first makes sure that every blob can still be pulled, from quarantine if need be, then the manifests, children first, then
 * the tags; byte for byte, and asked for again afterwards. A tag that points elsewhere by now is not touched unless
 * that was the wish. Repeating it after a crash does no harm.
 */
export class Restorer {
  constructor(
    private readonly store: DeletionsStore,
    private readonly registries: Registries,
    private readonly audit: AuditLog,
    private readonly retries: RetryPolicy,
    private readonly withBlobs: WithBlobs,
    private readonly log: Logger,
    private readonly worker: string,
  ) {}

  async restore(claim: RepositoryClaim, row: DeletionRow, signal: AbortSignal): Promise<void> {
    const atWork = AbortSignal.any([signal, claim.lost]);
    try {
      const registry = this.registries.get(parseRegistryName(row.registry));
      const repository = parseRepositoryName(row.repository);
      const tombstones = await readTombstones(claim.db, row);
      const blobs = blobsOf(tombstones);
      const putAllBack = async (): Promise<void> => {
        const restored: Restored[] = [];
        // Backwards: what was deleted last (children, referrers) comes back first.
        for (const tombstone of tombstones.toReversed()) {
          await claim.assertHeld();
          const overwrite = row.restore_request?.overwriteTags ?? false;
          restored.push(await putBack(registry, repository, tombstone, overwrite, atWork));
        }
        await this.finish(claim.db, row, restored);
      };
      // Also the manifests' own bytes: a registry with a stale cache believes that it has them, and does not take them.
      const all = [...tombstones.map(({ digest }) => digest), ...blobs];
      await this.withBlobs(registry.name, all, async () => {
        mustBeWhole(await missingOf(registry, repository, blobs, atWork));
        await putAllBack();
      });
    } catch (thrown) {
      if (signal.aborted) return;
      const error = asSextonError(thrown, (unexpected) =>
        this.log.error({ err: unexpected, deletion: row.id }, 'restoring failed unexpectedly'),
      );
      await this.postponeOrGiveUp(claim.db, row, error);
    }
  }

  private async finish(db: Db, row: DeletionRow, restored: readonly Restored[]): Promise<void> {
    const by = row.restore_request?.by;
    const about = { ...(by && { actor: by }), reason: row.restore_request?.reason ?? row.reason };
    await db.transaction().execute(async (tx) => {
      await this.store.finishRestore(tx, row.id, restored);
      for (const { tombstone, leftAlone } of restored) {
        const details = { worker: this.worker, tags: [...tombstone.tags], leftAlone: [...leftAlone] };
        await this.audit.record(
          tx,
          auditEventOf(row, 'target.restored', 'succeeded', {
            ...about,
            reference: tombstone.reference,
            digest: tombstone.digest,
            code: leftAlone.length > 0 ? 'tag_moved' : null,
            details,
          }),
        );
      }
      await this.audit.record(tx, auditEventOf(row, 'deletion.restored', 'succeeded', about));
    });
    this.log.info({ deletion: row.id, manifests: restored.length }, 'restored');
  }

  private async postponeOrGiveUp(db: Db, row: DeletionRow, error: SextonError): Promise<void> {
    const { retryAt, attempts } = this.retries.decide(error, row.attempts, 'execute');
    const problem = { code: error.code, message: error.message, retryAt: retryAt?.toISOString() ?? null };
    this.log.warn({ deletion: row.id, code: error.code, retryAt: problem.retryAt }, 'could not restore');
    await db.transaction().execute(async (tx) => {
      await this.store.postponeRestore(tx, row.id, problem, attempts, retryAt);
      if (retryAt) return;
      const by = row.restore_request?.by;
      const about = { ...(by && { actor: by }), code: error.code, details: { message: error.message } };
      await this.audit.record(tx, auditEventOf(row, 'deletion.restored', 'failed', about));
    });
  }
}

/** Every blob of every manifest. */
const blobsOf = (tombstones: readonly Tombstone[]): readonly Digest[] => {
  if (tombstones.length === 0) {
    throw new SextonError('not_restorable', {
      detail: 'Nothing was deleted, so there is nothing to put back',
    });
  }
  return [
    ...new Set(
      tombstones.flatMap(({ bytes, mediaType }) => {
        const content = readManifestContent(bytes, mediaType);
        return content.kind === 'image' ? content.blobs.map((blob) => blob.digest) : [];
      }),
    ),
  ];
};

const missingOf = async (
  registry: Registry,
  repository: RepositoryName,
  blobs: readonly Digest[],
  signal: AbortSignal,
): Promise<readonly Digest[]> => {
  const missing: Digest[] = [];
  for (const digest of blobs) {
    if (!(await registry.canPullBlob(repository, digest, signal))) missing.push(digest);
  }
  return missing;
};

/** Nothing is put back in part: every blob must be pullable before the first manifest is written. */
const mustBeWhole = (missing: readonly Digest[]): void => {
  if (missing.length > 0) {
    throw new SextonError('not_restorable', {
      detail: `The registry no longer has ${missing.length === 1 ? 'this blob' : 'these blobs'}: ${missing.join(', ')}`,
    });
  }
};

const putBack = async (
  registry: Registry,
  repository: RepositoryName,
  tombstone: Tombstone,
  overwriteTags: boolean,
  signal: AbortSignal,
): Promise<Restored> => {
  const { digest } = tombstone;
  if (!(await registry.readManifest(repository, digest, signal))) {
    await registry.putManifest(repository, digest, tombstone, signal);
  }
  const leftAlone: string[] = [];
  for (const name of tombstone.tags) {
    const tag = parseTag(name);
    const now = await registry.resolve(repository, tag, signal);
    if (now?.digest === digest) continue;
    if (now && !overwriteTags) leftAlone.push(name);
    else await registry.putManifest(repository, tag, tombstone, signal);
  }
  const back = await registry.readManifest(repository, digest, signal);
  if (!back || Buffer.compare(Buffer.from(back.bytes), tombstone.bytes) !== 0) {
    throw new SextonError('verification_failed', {
      detail: `The registry does not serve ${digest} after it was put back`,
    });
  }
  return { tombstone, leftAlone };
};
