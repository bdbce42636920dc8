import type { Db } from '../../database/database.js';
import { SextonError } from '../../errors/sexton-error.js';
import type { RegistryName } from '../../oci/names.js';
import { lookIntoQuarantine, type StorageAt } from '../engines/sexton/open-storage.js';
import { bringBackInStorage, type StorageHolder } from '../engines/sexton/seam.js';
import { withRegistryClaim, type RegistryClaim } from './registry-claim.js';

/** Lets a restore have what a collection took away, for as long as it was not purged. */
export class QuarantineAccess {
  constructor(
    private readonly db: Db,
    private readonly storageOf: (registry: RegistryName) => StorageAt | null,
    private readonly holderFor: (registry: RegistryName, held: RegistryClaim) => StorageHolder,
    private readonly worker: string,
  ) {}

  /**
   * Runs `work`. Where some of `digests` wait in quarantine they are brought back first, and until `work` is done no
   * collection can take them again; `storage_locked` while one is under way.
   */
  async withBlobs<T>(registry: RegistryName, digests: readonly string[], work: () => Promise<T>): Promise<T> {
    const at = this.storageOf(registry);
    if (at === null || !(await anyWaits(at, new Set(digests)))) return work();
    const done = await withRegistryClaim(this.db, registry, this.worker, async (held) => {
      await bringBackInStorage(at, this.holderFor(registry, held), new Set(digests));
      return { result: await work() };
    });
    if (done) return done.result;
    throw new SextonError('storage_locked', {
      detail: `A collection of registry ${registry} is under way, and blobs may wait in its quarantine; cancel it, or wait for its end`,
    });
  }
}

/** Where the files cannot be looked at, the registry itself has to say what it still has. */
const anyWaits = async (at: StorageAt, digests: ReadonlySet<string>): Promise<boolean> => {
  const waiting = await lookIntoQuarantine(at).catch(() => []);
  return waiting.some(({ digest }) => digests.has(digest));
};
