import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { parseTag, type Reference } from '../../src/oci/names.js';
import type { Hold } from '../../src/guardrails/hold.js';
import { holdOn } from '../../src/planning/held.js';
import { missingForPlan, missingForRecheck } from '../../src/planning/missing.js';
import { planDeletion } from '../../src/planning/plan-deletion.js';
import { SIBLING_RULES, type PlanRequest } from '../../src/planning/request.js';
import type { Capabilities } from '../../src/registries/registry.js';
import { repositories, Repository, type Node } from './repository.js';

const capabilities: fc.Arbitrary<Capabilities> = fc.record({
  deletes: fc.constant('manifests'),
  untag: fc.constantFrom('native', 'replace', 'none'),
  deletion: fc.constant('enabled'),
  referrersApi: fc.boolean(),
  listsUntagged: fc.constant(false),
});

/** Any repository, some of its tags and manifests held by name, and any request. */
const cases = repositories.chain((nodes) => {
  const tags = nodes.flatMap((node) => node.tags ?? []);
  const numbers = fc.integer({ min: 0, max: nodes.length - 1 });
  const things = tags.length > 0 ? fc.oneof(fc.constantFrom(...tags), numbers) : numbers;
  return fc.record({
    nodes: fc.constant(nodes),
    held: fc.uniqueArray(things, { minLength: 1, maxLength: 2 }),
    asked: fc.uniqueArray(things, { minLength: 1, maxLength: 4 }),
    rules: fc.record({
      siblings: fc.constantFrom(...SIBLING_RULES),
      referrers: fc.constantFrom('keep' as const, 'include' as const),
      children: fc.constantFrom('keep' as const, 'include' as const),
    }),
    able: capabilities,
  });
});

const holdOf = (repository: Repository, what: string | number): Hold => ({
  id: `hold_${what}`,
  registry: 'prod',
  repository: '**',
  tags: typeof what === 'string' ? what : null,
  digest: typeof what === 'number' ? repository.digest(what) : null,
  reason: 'a test',
});

const requestOf = (
  repository: Repository,
  asked: readonly (string | number)[],
  rules: Omit<PlanRequest, 'references'>,
): PlanRequest => ({
  ...rules,
  references: asked.map((what): Reference =>
    typeof what === 'number'
      ? { kind: 'digest', digest: repository.digest(what) }
      : { kind: 'tag', tag: parseTag(what) },
  ),
});

/** What the held things need, without any of the code that is tested: children and what names them as subject. */
const mustStay = (
  nodes: readonly Node[],
  repository: Repository,
  held: readonly (string | number)[],
): ReadonlySet<number> => {
  const stays = new Set(
    held.map((what) => (typeof what === 'number' ? what : (repository.tags.get(what) ?? -1))),
  );
  for (let grew = true; grew;) {
    const before = stays.size;
    for (const [at, { children = [], subject = null }] of nodes.entries()) {
      if (stays.has(at)) for (const child of children) stays.add(child);
      if (subject !== null && stays.has(subject)) stays.add(at);
    }
    grew = stays.size > before;
  }
  return stays;
};

describe('holds, for any repository and any request', () => {
  it('nothing that a plan without refusals does takes what is held, or what that needs', () => {
    fc.assert(
      fc.property(cases, ({ nodes, held, asked, rules, able }) => {
        const repository = new Repository(nodes);
        const holds = held.map((what) => holdOf(repository, what));
        const request = requestOf(repository, asked, rules);
        const snapshot = repository.snapshot((known) => missingForPlan(request, known, able, holds));
        const plan = planDeletion(request, snapshot, able, holds);
        fc.pre(plan.refusals.length === 0);
        const stays = mustStay(nodes, repository, held);
        const tags = held.filter((what) => typeof what === 'string').map((tag) => repository.tags.get(tag));
        for (const { kind, digest, reference } of plan.targets) {
          if (kind === 'tag') repository.untag(reference);
          else repository.deleteManifest(digest);
        }
        expect([...stays].filter((at) => !repository.present.has(at))).toEqual([]);
        expect(
          held.filter((what) => typeof what === 'string').map((tag) => repository.tags.get(tag)),
        ).toEqual(tags);
      }),
      { numRuns: 1_000 },
    );
  });

  it('one that comes after the plan stops every target that would take what it protects', () => {
    fc.assert(
      fc.property(cases, ({ nodes, held, asked, rules, able }) => {
        const repository = new Repository(nodes);
        const holds = held.map((what) => holdOf(repository, what));
        const request = requestOf(repository, asked, rules);
        const seen = repository.snapshot((known) => missingForPlan(request, known, able));
        const plan = planDeletion(request, seen, able);
        fc.pre(plan.refusals.length === 0);
        const stays = mustStay(nodes, repository, held);
        const now = repository.snapshot((known) => missingForRecheck(plan.targets, new Set(), known, holds));
        for (const target of plan.targets) {
          const takes = target.kind === 'manifest' && stays.has(repository.at(target.digest));
          const takesTag = target.tags.some((tag) => held.includes(tag));
          if (takes || takesTag) expect(holdOn(target, now, holds)).not.toBeNull();
        }
      }),
      { numRuns: 1_000 },
    );
  });

  it('changes nothing about what it does not protect', () => {
    fc.assert(
      fc.property(cases, ({ nodes, asked, rules, able }) => {
        const repository = new Repository(nodes);
        const request = requestOf(repository, asked, rules);
        const other = { ...holdOf(repository, 'nothing-has-this-name') };
        const look = (holds: readonly Hold[]) =>
          planDeletion(
            request,
            repository.snapshot((known) => missingForPlan(request, known, able, holds)),
            able,
            holds,
          );
        expect(look([other]).hash).toBe(look([]).hash);
      }),
      { numRuns: 500 },
    );
  });
});
