import { Injectable } from '@nestjs/common';
import pLimit from 'p-limit';
import { SextonError } from '../errors/sexton-error.js';
import type { Digest } from '../oci/digest.js';
import type { Descriptor, Manifest } from '../oci/manifest.js';
import {
  parseReference,
  parseRegistryName,
  parseRepositoryName,
  type RepositoryName,
  type Tag,
} from '../oci/names.js';
import { missingForPlan, missingForRecheck, type Missing } from '../planning/missing.js';
import type { Plan, PlanTarget } from '../planning/plan.js';
import { planDeletion } from '../planning/plan-deletion.js';
import type { PlanRequest } from '../planning/request.js';
import { EMPTY_SNAPSHOT, type RepositorySnapshot } from '../planning/snapshot.js';
import { Registries } from '../registries/registries.js';
import type { Capabilities, Registry, ResolvedManifest } from '../registries/registry.js';
import type { DeletionRow } from './deletion-view.js';

/** Questions in flight to one registry for one repository. */
const AT_ONCE = 8;
/** Indexes nested deeper than this are nobody's images; whoever made them wants us to read for ever. */
const DEEPEST = 64;

/** Asks the registry what planning needs to know, and plans. All reading; planning itself is pure (planning/). */
@Injectable()
export class PlanMaker {
  constructor(private readonly registries: Registries) {}

  /** Surveys the repository and plans the deletion's request. Throws what the registry's adapter throws. */
  async make(row: DeletionRow, signal: AbortSignal): Promise<{ plan: Plan; snapshot: RepositorySnapshot }> {
    const registry = this.registries.get(parseRegistryName(row.registry));
    const repository = parseRepositoryName(row.repository);
    const capabilities = await capabilitiesOf(registry, repository, signal);
    const request = requestOf(row);
    const snapshot = await complete(
      await surveyTags(registry, repository, signal),
      (known) => missingForPlan(request, known, capabilities),
      registry,
      repository,
      signal,
    );
    return { plan: planDeletion(request, snapshot, capabilities), snapshot };
  }

  /** The repository as it is now: what is needed to look once more at the targets that are not yet `gone`. */
  async snapshotFor(
    row: DeletionRow,
    targets: readonly PlanTarget[],
    gone: ReadonlySet<Digest>,
    signal: AbortSignal,
  ): Promise<RepositorySnapshot> {
    const registry = this.registries.get(parseRegistryName(row.registry));
    const repository = parseRepositoryName(row.repository);
    return complete(
      await surveyTags(registry, repository, signal),
      (known) => missingForRecheck(targets, gone, known),
      registry,
      repository,
      signal,
    );
  }
}

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

const requestOf = (row: DeletionRow): PlanRequest => ({
  references: row.requested_references
    .map((text) => parseReference(text))
    .filter((reference) => reference !== null),
  siblings: row.siblings,
  referrers: row.referrers,
  children: row.children,
});

const surveyTags = async (
  registry: Registry,
  repository: RepositoryName,
  signal: AbortSignal,
): Promise<RepositorySnapshot> => {
  const limit = pLimit(AT_ONCE);
  const tags = new Map<Tag, ResolvedManifest>();
  const danglingTags = new Set<Tag>();
  const names = await registry.listTags(repository, signal);
  await Promise.all(
    names.map((tag) =>
      limit(async () => {
        const resolved = await registry.resolve(repository, tag, signal);
        if (resolved) tags.set(tag, resolved);
        else danglingTags.add(tag);
      }),
    ),
  );
  return { ...EMPTY_SNAPSHOT, tags, danglingTags };
};

/** Reads what is missing until nothing is; each round knows more than the one before. */
const complete = async (
  snapshot: RepositorySnapshot,
  missing: (known: RepositorySnapshot) => Missing,
  registry: Registry,
  repository: RepositoryName,
  signal: AbortSignal,
): Promise<RepositorySnapshot> => {
  const limit = pLimit(AT_ONCE);
  let known = snapshot;
  for (let round = 0; round < DEEPEST; round += 1) {
    const { read, referrersOf } = missing(known);
    if (read.length === 0 && referrersOf.length === 0) return known;
    const manifests = new Map<Digest, Manifest>(known.manifests);
    const absent = new Set(known.absent);
    const referrers = new Map<Digest, readonly Descriptor[]>(known.referrers);
    await Promise.all([
      ...read.map((digest) =>
        limit(async () => {
          const manifest = await registry.readManifest(repository, digest, signal);
          if (manifest) manifests.set(digest, manifest);
          else absent.add(digest);
        }),
      ),
      ...referrersOf.map((digest) =>
        limit(async () => {
          referrers.set(digest, (await registry.listReferrers(repository, digest, signal)) ?? []);
        }),
      ),
    ]);
    known = { ...known, manifests, absent, referrers };
  }
  throw new SextonError('unreadable_manifest', {
    detail: `Indexes in ${repository} are nested more than ${DEEPEST} deep`,
  });
};
