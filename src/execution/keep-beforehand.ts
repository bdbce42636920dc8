import type { DeletionRow, TargetRow } from '../deletions/deletion-view.js';
import { writeTombstone } from '../deletions/tombstones.store.js';
import { parseDigest } from '../oci/digest.js';
import { parseRepositoryName } from '../oci/names.js';
import type { PlanTarget } from '../planning/plan.js';
import type { Registry } from '../registries/registry.js';
import type { RepositoryClaim } from './repository-claim.js';

/**
 * Tombstones for every manifest before the first one goes, for a registry that deletes several in one step
 * (`deletesAlong`): when their turn comes, they are gone. Marks them as begun in `results`, so that to be found gone
 * then counts as deleted, and can be restored.
 */
export const keepBeforehand = async (
  {
    claim,
    row,
    registry,
    signal,
  }: {
    readonly claim: RepositoryClaim;
    readonly row: DeletionRow;
    readonly registry: Registry;
    readonly signal: AbortSignal;
  },
  targets: readonly PlanTarget[],
  results: TargetRow[],
): Promise<void> => {
  const repository = parseRepositoryName(row.repository);
  const isManifest = (target: PlanTarget) => target.kind === 'manifest';
  if (targets.filter(isManifest).length < 2) return;
  if (!(await registry.probe(repository, signal)).deletesAlong) return;
  for (const [position, target] of targets.entries()) {
    const result = results[position];
    if (!result || result.outcome !== null || result.started_at !== null || !isManifest(target)) continue;
    const manifest = await registry.readManifest(repository, parseDigest(target.digest), signal);
    if (!manifest) continue;
    await writeTombstone(claim.db, row.id, result.position, manifest, target.tags);
    results[position] = { ...result, started_at: new Date() };
  }
};
