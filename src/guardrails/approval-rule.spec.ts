import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { digestOf } from '../oci/digest.js';
import { parseTag } from '../oci/names.js';
import type { Plan, PlanTarget } from '../planning/plan.js';
import { approvalNeeded, type ApprovalRule } from './approval-rule.js';
import { measuresOf } from './measures.js';

const target = (name: string, because: PlanTarget['because'] = 'requested'): PlanTarget => ({
  kind: 'manifest',
  reference: name,
  digest: digestOf(Buffer.from(name)),
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  size: 100,
  because,
  cause: null,
  tags: because === 'requested' ? [parseTag(name)] : [],
  siblings: [],
  parents: [],
  children: [],
  referrers: [],
});

const ofUnknownSize = (targets: readonly PlanTarget[]): Plan => ({
  hash: 'sha256:a',
  targets,
  refusals: [],
  selected: null,
  notes: [],
  reclaimableBytes: { value: 1000, exact: false },
});

const planOf = (targets: readonly PlanTarget[], changes: Partial<Plan> = {}): Plan => ({
  ...ofUnknownSize(targets),
  tagsInRepository: 10,
  ...changes,
});

const ANY: ApprovalRule = {
  name: 'a rule',
  registry: null,
  repository: null,
  tags: null,
  targetsOver: null,
  shareOver: null,
  bytesOver: null,
  referrers: false,
  approvers: 1,
  expiresAfterMs: 1000,
};

const need = (rules: readonly Partial<ApprovalRule>[], plan: Plan) =>
  approvalNeeded(
    rules.map((rule) => ({ ...ANY, ...rule })),
    measuresOf({ registry: 'prod', repository: 'team-a/app' }, plan),
  );

describe('a rule', () => {
  const two = planOf([target('v1'), target('release-2')]);

  it.each<[string, Partial<ApprovalRule>, Plan, string | null]>([
    ['that names nothing', {}, two, 'every deletion in */**'],
    ['of this registry', { registry: 'prod' }, two, 'every deletion in prod/**'],
    ['of another registry', { registry: 'test' }, two, null],
    ['of these repositories', { repository: 'team-a/**' }, two, 'every deletion in */team-a/**'],
    ['of other repositories', { repository: 'team-b/**' }, two, null],
    ['of a tag that goes', { tags: 'release-*' }, two, 'tag release-2 matches release-*'],
    ['of tags that stay', { tags: 'prod-*' }, two, null],
    ['of more targets', { targetsOver: 1 }, two, '2 targets are more than 1'],
    ['of as many targets', { targetsOver: 2 }, two, null],
    ['of a smaller share', { shareOver: 19.9 }, two, "20 % of the repository's tags are more than 19.9 %"],
    ['of the same share', { shareOver: 20 }, two, null],
    ['of fewer bytes', { bytesOver: 999 }, two, '1000 bytes are more than 999'],
    ['of as many bytes', { bytesOver: 1000 }, two, null],
    ['of referrers that stay', { referrers: true }, two, null],
    [
      'of referrers that go',
      { referrers: true },
      planOf([target('v1'), target('s', 'referrer')]),
      '1 referrers would go',
    ],
    ['of two things of which one is so', { targetsOver: 1, tags: 'prod-*' }, two, null],
    [
      'of two things that are so',
      { targetsOver: 1, tags: 'v*' },
      two,
      'tag v1 matches v*, and 2 targets are more than 1',
    ],
    [
      'of any share, where nobody knows how many tags there are',
      { shareOver: 99 },
      ofUnknownSize([target('v1')]),
      "100 % of the repository's tags are more than 99 %",
    ],
    ['of anything, where nothing goes', {}, planOf([]), null],
  ])('%s', (_what, rule, plan, because) => {
    expect(need([rule], plan)?.rules[0]?.because ?? null).toBe(because);
  });
});

describe('rules', () => {
  const conditions = fc.record({
    registry: fc.constantFrom(null, 'prod', 'test'),
    repository: fc.constantFrom(null, 'team-a/**', 'team-b/*'),
    tags: fc.constantFrom(null, 'v*', 'release-*'),
    targetsOver: fc.option(fc.integer({ min: 0, max: 4 })),
    shareOver: fc.option(fc.integer({ min: 0, max: 60 })),
    bytesOver: fc.option(fc.integer({ min: 0, max: 2000 })),
    referrers: fc.boolean(),
    approvers: fc.integer({ min: 1, max: 5 }),
    expiresAfterMs: fc.integer({ min: 1, max: 9 }),
  });
  const plans = fc
    .array(fc.constantFrom('v1', 'v2', 'release-1', 'dev'), { maxLength: 5 })
    .map((names) => planOf([...new Set(names)].map((name) => target(name))));

  it('ask for no less than any one of them does', () => {
    fc.assert(
      fc.property(fc.array(conditions, { maxLength: 4 }), plans, (rules, plan) => {
        const all = need(rules, plan);
        for (const rule of rules) {
          const alone = need([rule], plan);
          if (alone === null) continue;
          expect(all?.approvers).toBeGreaterThanOrEqual(alone.approvers);
          expect(all?.expiresAfterMs).toBeLessThanOrEqual(alone.expiresAfterMs);
        }
        if (all === null) expect(rules.every((rule) => need([rule], plan) === null)).toBe(true);
      }),
    );
  });

  it('of different strictness take the most approvers and the shortest time', () => {
    const strict = { approvers: 3, expiresAfterMs: 2000 };
    const quick = { approvers: 1, expiresAfterMs: 1000 };
    for (const rules of [
      [strict, quick],
      [quick, strict],
    ]) {
      expect(need(rules, planOf([target('v1')]))).toMatchObject({ approvers: 3, expiresAfterMs: 1000 });
    }
  });

  it('go on asking when more goes', () => {
    fc.assert(
      fc.property(conditions, plans, (rule, plan) => {
        if (need([rule], plan) === null) return;
        const more = planOf([...plan.targets, target('another')], {
          reclaimableBytes: { value: 5000, exact: false },
        });
        expect(need([rule], more)).not.toBeNull();
      }),
    );
  });
});
