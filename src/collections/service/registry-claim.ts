import { withClaim, type Claim } from '../../database/advisory-claim.js';
import type { Db } from '../../database/database.js';
import type { RegistryName } from '../../oci/names.js';

/** The right to collect one registry, and who had it before. */
export interface RegistryClaim {
  readonly claim: Claim;
  /** As host/process; null where nobody ever had it. */
  readonly formerWorker: string | null;
  readonly healedAt: Date | null;
}

/** What the advisory lock is named; no repository can be named so. */
export const collectionClaim = (registry: RegistryName): string => `collection:${registry}`;

/**
 * Runs `work` as the only one in all processes that collects this registry, or returns null at once when another does:
 * of two, the advisory lock of PostgreSQL lets one in (database/advisory-claim.ts).
 */
export const withRegistryClaim = <T>(
  db: Db,
  registry: RegistryName,
  worker: string,
  work: (held: RegistryClaim) => Promise<T>,
): Promise<T | null> =>
  withClaim(db, collectionClaim(registry), async (claim) => {
    const former = await claim.db
      .selectFrom('collection_registries')
      .selectAll()
      .where('registry', '=', registry)
      .executeTakeFirst();
    await claim.db
      .insertInto('collection_registries')
      .values({ registry, worker })
      .onConflict((conflict) => conflict.column('registry').doUpdateSet({ worker }))
      .execute();
    return work({ claim, formerWorker: former?.worker ?? null, healedAt: former?.healed_at ?? null });
  });

export const noteHealed = async (claim: Claim, registry: RegistryName, at: Date): Promise<void> => {
  await claim.db
    .updateTable('collection_registries')
    .set({ healed_at: at })
    .where('registry', '=', registry)
    .execute();
};

/** When the healer looked last, whoever did. */
export const lastHealed = async (db: Db, registry: RegistryName): Promise<Date | null> => {
  const row = await db
    .selectFrom('collection_registries')
    .select('healed_at')
    .where('registry', '=', registry)
    .executeTakeFirst();
  return row?.healed_at ?? null;
};
