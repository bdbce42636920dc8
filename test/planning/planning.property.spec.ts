import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Digest } from '../../src/oci/digest.js';
import { parseTag, type Reference } from '../../src/oci/names.js';
import { missingForPlan, missingForRecheck } from '../../src/planning/missing.js';
import { planDeletion } from '../../src/planning/plan-deletion.js';
import type { Plan, PlanTarget } from '../../src/planning/plan.js';
import { recheckTarget } from '../../src/planning/recheck.js';
import { SIBLING_RULES, type PlanRequest } from '../../src/planning/request.js';
import type { RepositorySnapshot } from '../../src/planning/snapshot.js';
import type { Capabilities } from '../../src/registries/registry.js';
import { expectedOf } from './planning-model.js';
import { hasForesight, repositories, Repository, type Node } from './repository.js';

const RUNS = 1_000;

const capabilities: fc.Arbitrary<Capabilities> = fc.record({
  deletes: fc.constant('manifests'),
  untag: fc.constantFrom('native', 'replace', 'none'),
  deletion: fc.constant('enabled'),
  referrersApi: fc.boolean(),
  listsUntagged: fc.constant(false),
});

const rules = fc.record({
  siblings: fc.constantFrom(...SIBLING_RULES),
  referrers: fc.constantFrom('keep' as const, 'include' as const),
  children: fc.constantFrom('keep' as const, 'include' as const),
});

/** A repository, and something to ask of it: tags and digests that are there, and one that is not. */
const cases = repositories.chain((nodes) => {
  const tags = nodes.flatMap((node) => node.tags ?? []);
  return fc.record({
    nodes: fc.constant(nodes),
    asked: fc
      .uniqueArray(
        fc.oneof(
          { weight: 6, arbitrary: tags.length > 0 ? fc.constantFrom(...tags) : fc.constant('none') },
          { weight: 4, arbitrary: fc.integer({ min: 0, max: nodes.length - 1 }) },
          { weight: 1, arbitrary: fc.constant('not-there') },
        ),
        { minLength: 1, maxLength: 4 },
      )
      .map((references) => new Set<string | number>(references)),
    rules,
    capabilities,
  });
});

const requestOf = (
  repository: Repository,
  asked: ReadonlySet<string | number>,
  how: Omit<PlanRequest, 'references'>,
): PlanRequest => ({
  ...how,
  references: [...asked].map((reference): Reference =>
    typeof reference === 'number'
      ? { kind: 'digest', digest: repository.digest(reference) }
      : { kind: 'tag', tag: parseTag(reference) },
  ),
});

const planFor = (repository: Repository, request: PlanRequest, able: Capabilities): Plan =>
  planDeletion(
    request,
    repository.snapshot((known) => missingForPlan(request, known, able)),
    able,
  );

const isComplete = (repository: Repository, at: number): boolean =>
  (repository.nodes[at]?.children ?? []).every((child) => repository.present.has(child));

/** Present indexes, and whether all they contain is present as well. */
const completeIndexes = (repository: Repository): number[] =>
  [...repository.present].filter(
    (at) => repository.nodes[at]?.kind === 'index' && isComplete(repository, at),
  );

const orderOf = (nodes: readonly Node[], plan: Plan, repository: Repository) => ({
  goes: new Set(plan.targets.filter((t) => t.kind === 'manifest').map((t) => repository.at(t.digest))),
  untagged: new Set(plan.targets.filter((t) => t.kind === 'tag').flatMap((t) => t.tags as readonly string[])),
  refused: new Set(
    plan.refusals.map(({ reference }) => {
      const at = repository.digests.findIndex((digest) => digest === reference);
      return at < 0 || at >= nodes.length ? reference : String(at);
    }),
  ),
});

describe('a plan for any repository and any request', () => {
  it('is what a model that shares no code with it expects', () => {
    fc.assert(
      fc.property(cases, ({ nodes, asked, rules: how, capabilities: able }) => {
        const repository = new Repository(nodes);
        const plan = planFor(repository, requestOf(repository, asked, how), able);
        const expected = expectedOf(nodes, asked, how, able);
        expect(orderOf(nodes, plan, repository)).toEqual(expected);
      }),
      { numRuns: RUNS },
    );
  });

  it('carried out step by step leaves no living index with a hole, and takes exactly what it shows', () => {
    fc.assert(
      fc.property(cases, ({ nodes, asked, rules: how, capabilities: able }) => {
        const repository = new Repository(nodes);
        const plan = planFor(repository, requestOf(repository, asked, how), able);
        fc.pre(plan.refusals.length === 0);
        const before = new Repository(nodes);
        const shown = new Set(plan.targets.flatMap((target) => target.tags as readonly string[]));
        for (const target of plan.targets) {
          const living = completeIndexes(repository);
          const tags = [...repository.tags].filter(([, at]) => repository.digest(at) === target.digest);
          if (target.kind === 'manifest') {
            expect(tags.map(([tag]) => tag).every((tag) => shown.has(tag))).toBe(true);
            repository.deleteManifest(target.digest);
          } else repository.untag(target.tags[0] ?? '');
          const left = living.filter((at) => repository.present.has(at));
          expect(left.every((at) => isComplete(repository, at))).toBe(true);
        }
        const gone = new Set(plan.targets.filter((t) => t.kind === 'manifest').map((t) => t.digest));
        expect([...before.present].filter((at) => !gone.has(before.digest(at)))).toEqual([
          ...repository.present,
        ]);
        expect([...before.tags].filter(([tag]) => !shown.has(tag))).toEqual([...repository.tags]);
      }),
      { numRuns: RUNS },
    );
  });

  it('names each manifest and each tag once', () => {
    fc.assert(
      fc.property(cases, ({ nodes, asked, rules: how, capabilities: able }) => {
        const repository = new Repository(nodes);
        const { targets } = planFor(repository, requestOf(repository, asked, how), able);
        const manifests = targets.filter((t) => t.kind === 'manifest').map((t) => t.digest);
        const tags = targets.flatMap((target) => target.tags);
        expect(new Set(manifests).size).toBe(manifests.length);
        expect(new Set(tags).size).toBe(tags.length);
      }),
      { numRuns: RUNS },
    );
  });

  it('does not depend on the order in which the registry or the caller names things', () => {
    fc.assert(
      fc.property(cases, ({ nodes, asked, rules: how, capabilities: able }) => {
        const repository = new Repository(nodes);
        const request = requestOf(repository, asked, how);
        const snapshot = repository.snapshot((known) => missingForPlan(request, known, able));
        const backwards = <K, V>(map: ReadonlyMap<K, V>) => new Map([...map].reverse());
        const turned: RepositorySnapshot = {
          tags: backwards(snapshot.tags),
          danglingTags: snapshot.danglingTags,
          manifests: backwards(snapshot.manifests),
          absent: new Set([...snapshot.absent].reverse()),
          referrers: backwards(snapshot.referrers),
        };
        const turnedRequest = { ...request, references: [...request.references].reverse() };
        expect(planDeletion(turnedRequest, turned, able)).toEqual(planDeletion(request, snapshot, able));
      }),
      { numRuns: RUNS },
    );
  });

  it('counts bytes that only what goes holds, each blob once (TRAPS 25)', () => {
    fc.assert(
      fc.property(cases, ({ nodes, asked, rules: how, capabilities: able }) => {
        const repository = new Repository(nodes);
        const plan = planFor(repository, requestOf(repository, asked, how), able);
        const gone = plan.targets.filter((t) => t.kind === 'manifest');
        const blobs = new Set(gone.flatMap((t) => nodes[repository.at(t.digest)]?.layers ?? []));
        const most =
          [...blobs].reduce((sum, blob) => sum + 1000 + blob, 0) + gone.reduce((sum, t) => sum + t.size, 0);
        expect(plan.reclaimableBytes.value).toBeLessThanOrEqual(most);
        expect(plan.reclaimableBytes.exact).toBe(gone.length === 0);
      }),
      { numRuns: RUNS },
    );
  });

  it('passes the look before each target when nothing moved, and stops when a tag or an index came', () => {
    fc.assert(
      fc.property(cases, ({ nodes, asked, rules: how, capabilities: able }) => {
        const repository = new Repository(nodes);
        const plan = planFor(repository, requestOf(repository, asked, how), able);
        // Signatures of each other wait for each other, and stay: safe, and nobody can have made them in good faith.
        fc.pre(plan.refusals.length === 0 && !hasForesight(nodes));
        const gone = new Set<Digest>();
        const see = (at: Repository) => at.snapshot((known) => missingForRecheck(plan.targets, gone, known));
        const look = (target: PlanTarget, at: Repository) => recheckTarget(target, see(at), gone);
        const atStart = see(repository);
        // What a manifest leads to cannot be followed through one that went: doubt, where something is unreadable.
        const isDoubtful = nodes.some(({ kind }) => kind === 'opaque');
        for (const target of plan.targets) {
          const at = repository.at(target.digest);
          expect(recheckTarget(target, atStart, gone)).toEqual({ verdict: 'go' });
          if (!isDoubtful) expect(look(target, repository)).toEqual({ verdict: 'go' });
          if (target.kind === 'tag') {
            repository.untag(target.tags[0] ?? '');
            continue;
          }
          const index = repository.with({ kind: 'index', children: [at], tags: ['came-later'] });
          expect(look(target, index)).toMatchObject({ verdict: 'refused', code: 'child_of_index' });
          const tagged = repository.with({ kind: 'image' });
          tagged.tags.set('came-later', at);
          expect(look(target, tagged)).toMatchObject({ verdict: 'refused', code: 'shared_digest' });
          repository.deleteManifest(target.digest);
          gone.add(target.digest);
        }
      }),
      { numRuns: RUNS },
    );
  });
});
