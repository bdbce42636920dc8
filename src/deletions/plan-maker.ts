import { Inject, Injectable } from '@nestjs/common';
import { SextonError } from '../errors/sexton-error.js';
import { GUARDRAILS, type Guardrails } from '../guardrails/guardrails.js';
import type { Hold } from '../guardrails/hold.js';
import { withinLimits } from '../guardrails/within-limits.js';
import { HoldsInForce } from '../holds/holds-in-force.js';
import { parseDigest, type Digest } from '../oci/digest.js';
import { parseRegistryName, parseRepositoryName, type RepositoryName } from '../oci/names.js';
import { missingForPlan, missingForRecheck } from '../planning/missing.js';
import { noteOnOrphans } from '../planning/notes.js';
import type { Plan, PlanTarget } from '../planning/plan.js';
import { planDeletion } from '../planning/plan-deletion.js';
import type { RepositorySnapshot } from '../planning/snapshot.js';
import { Registries } from '../registries/registries.js';
import type { Capabilities, Registry } from '../registries/registry.js';
import type { DeletionRow } from './deletion-view.js';
import { ManifestMemory } from './manifest-memory.js';
import { untold, type TellProgress } from './plan-progress.js';
import { pin } from './selection.js';
import { complete, surveyTags, type Surveyed } from './survey.js';

/** Asks the registry what planning needs to know, and plans. All reading; planning itself is pure (planning/). */
@Injectable()
export class PlanMaker {
  /** Of the manifests that are planned to go. */
  readonly manifests = new ManifestMemory();

  constructor(
    private readonly registries: Registries,
    private readonly holds: HoldsInForce,
    @Inject(GUARDRAILS) private readonly guardrails: Guardrails,
  ) {}

  /**
   * Surveys the repository and plans the deletion's request; a deletion that has a plan is planned anew for the same
   * references. Throws what the registry's adapter throws.
   */
  async make(row: DeletionRow, signal: AbortSignal, tell = untold): Promise<Plan> {
    const surveyed = this.surveyed(row, signal, tell);
    const capabilities = await capabilitiesOf(surveyed.registry, surveyed.repository, signal);
    const tags = await surveyTags(surveyed, tagsToRead(row, capabilities));
    const holds = await this.holds.on(surveyed.registry.name, surveyed.repository);
    const { references, selected, notes } = await pin(row, surveyed, tags, capabilities, holds);
    const { siblings, referrers, children } = row;
    const request = { references, siblings, referrers, children };
    const snapshot = await complete(surveyed, tags, (known) =>
      missingForPlan(request, known, capabilities, holds),
    );
    const tagsInRepository = tags.tags.size + tags.danglingTags.size;
    const planned = { ...planDeletion(request, snapshot, capabilities, holds), tagsInRepository };
    const plan = withinLimits(row, planned, request, this.guardrails.limits);
    for (const { kind, digest } of plan.targets) {
      const manifest = kind === 'manifest' ? snapshot.manifests.get(parseDigest(digest)) : undefined;
      if (manifest) this.manifests.keep(surveyed.registry.name, surveyed.repository, manifest);
    }
    const orphans = await orphanNotes(plan, surveyed);
    return { ...plan, selected, notes: [...notes, ...plan.notes, ...orphans] };
  }

  /** The repository as it is now: what is needed to look once more at the targets that are not yet `gone`. */
  async snapshotFor(
    row: DeletionRow,
    targets: readonly PlanTarget[],
    gone: ReadonlySet<Digest>,
    holds: readonly Hold[],
    signal: AbortSignal,
  ): Promise<RepositorySnapshot> {
    const surveyed = this.surveyed(row, signal, untold);
    const tags = await surveyTags(surveyed);
    return complete(surveyed, tags, (known) => missingForRecheck(targets, gone, known, holds));
  }

  private surveyed(row: DeletionRow, signal: AbortSignal, tell: TellProgress): Surveyed {
    return {
      registry: this.registries.get(parseRegistryName(row.registry)),
      repository: parseRepositoryName(row.repository),
      signal,
      tell,
    };
  }
}

/** Tags whose manifests the plan will need: one GET of a tag tells what it points at and what that is. */
const tagsToRead = (row: DeletionRow, { deletes }: Capabilities): ReadonlySet<string> =>
  new Set(deletes === 'manifests' && row.selector === null ? row.requested_references : []);

/** What the registry can do; a registry that would refuse every delete is found out before anything is planned. */
const capabilitiesOf = async (
  registry: Registry,
  repository: RepositoryName,
  signal: AbortSignal,
): Promise<Capabilities> => {
  const capabilities = await registry.probe(repository, signal);
  if (capabilities.deletion === 'disabled') {
    throw new SextonError('delete_disabled', { detail: `Registry ${registry.name} refuses every deletion` });
  }
  if (capabilities.deletion === 'read_only') {
    throw new SextonError('registry_read_only', { detail: `Registry ${registry.name} is in read-only mode` });
  }
  return capabilities;
};

/** Commentary: a registry that fails in the middle of it spoils the report and not the plan. */
const orphanNotes = async (
  plan: Plan,
  { registry, repository, signal }: Surveyed,
): Promise<readonly string[]> => {
  if (!registry.findOrphans || plan.refusals.length > 0) return [];
  const tags = plan.targets.flatMap((target) => target.tags);
  try {
    return noteOnOrphans(await registry.findOrphans(repository, tags, signal));
  } catch (error) {
    if (signal.aborted || !(error instanceof SextonError)) throw error;
    return noteOnOrphans(null);
  }
};
