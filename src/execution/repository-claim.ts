import { readAllClaims, withClaim, type Claim } from '../database/advisory-claim.js';
import type { Db } from '../database/database.js';
import type { RegistryName, RepositoryName } from '../oci/names.js';

/** The right to change one repository. */
export type RepositoryClaim = Claim;

const thing = (registry: RegistryName, repository: RepositoryName): string => `${registry}/${repository}`;

/** Runs `work` as the repository's only writer in all processes, or returns null at once when another holds it. */
export const withRepositoryClaim = <T>(
  db: Db,
  registry: RegistryName,
  repository: RepositoryName,
  work: (claim: RepositoryClaim) => Promise<T>,
  proofMs?: number,
): Promise<T | null> => withClaim(db, thing(registry, repository), work, proofMs);

/** Which repositories are claimed at this moment, in any process: a look, not a lock. */
export const readClaims = async (
  db: Db,
): Promise<(registry: RegistryName, repository: RepositoryName) => boolean> => {
  const isHeld = await readAllClaims(db);
  return (registry, repository) => isHeld(thing(registry, repository));
};
