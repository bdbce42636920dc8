import type { TargetRow } from '../deletions/deletion-view.js';
import type { Digest } from '../oci/digest.js';
import type { PlanTarget } from '../planning/plan.js';

/** Whether the target's manifest is gone; a tag that was found absent says nothing about what it pointed at. */
export const isGone = ({ kind }: Pick<PlanTarget, 'kind'>, outcome: TargetRow['outcome']): boolean =>
  kind === 'manifest' && (outcome === 'deleted' || outcome === 'already_absent');

/** What a deletion removed already, in this run or before a crash. `results` are of all targets, in their order. */
export const goneDigests = (
  targets: readonly Pick<PlanTarget, 'kind' | 'digest'>[],
  results: readonly Pick<TargetRow, 'outcome'>[],
): Set<Digest> =>
  new Set(
    targets
      .filter((target, position) => isGone(target, results[position]?.outcome ?? null))
      .map(({ digest }) => digest),
  );
