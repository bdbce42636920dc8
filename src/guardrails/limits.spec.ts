import { describe, expect, it } from 'vitest';
import type { ApprovalNeed, PlanMeasures } from './approval-rule.js';
import { digestOf } from '../oci/digest.js';
import { parseTag } from '../oci/names.js';
import type { Plan, PlanTarget } from '../planning/plan.js';
import { approvalOverShare, bothNeeds, NO_LIMITS, overDay, overLimit } from './limits.js';
import { measuresOf } from './measures.js';
import { withinLimits } from './within-limits.js';

const taking = (tags: number, changes: Partial<PlanMeasures> = {}): PlanMeasures => ({
  registry: 'prod',
  repository: 'team-a/app',
  targets: tags,
  tags: Array.from({ length: tags }, (_, n) => `v${n}`),
  repositoryTags: 10,
  bytes: 0,
  referrers: 0,
  ...changes,
});

describe('a limit', () => {
  it('of targets lets as many go, and not one more', () => {
    const limits = { ...NO_LIMITS, targetsPerRequest: 3 };
    expect(overLimit(limits, taking(3))).toBeNull();
    expect(overLimit(limits, taking(4))).toMatchObject({ code: 'too_many_targets' });
  });

  it('of a share lets as much go, and not more, as it says what becomes of the request', () => {
    const refusing = { ...NO_LIMITS, share: { percent: 50, over: 'refuse' } as const };
    expect(overLimit(refusing, taking(5))).toBeNull();
    expect(overLimit(refusing, taking(6))).toMatchObject({ code: 'share_too_large' });
    expect(approvalOverShare(refusing, taking(6))).toBeNull();
    const asking = { ...NO_LIMITS, share: { percent: 50, over: 'approval' } as const };
    expect(approvalOverShare(asking, taking(5))).toBeNull();
    expect(approvalOverShare(asking, taking(6))).toMatchObject({
      approvers: 1,
      expiresAfterMs: NO_LIMITS.approvalExpiresAfterMs,
    });
    expect(overLimit(asking, taking(6))).toBeNull();
    expect(approvalOverShare(asking, taking(1, { repositoryTags: null }))).not.toBeNull();
  });

  it('of a day lets as many go, and not one more', () => {
    const limits = { ...NO_LIMITS, targetsPerDay: 4 };
    expect(overDay(limits, 3, 1)).toBeNull();
    expect(overDay(limits, 3, 2)).toMatchObject({ code: 'daily_limit_reached' });
  });
});

describe('two needs of approval', () => {
  const need = (name: string, approvers: number, expiresAfterMs: number): ApprovalNeed => ({
    rules: [{ name, because: 'a test' }],
    approvers,
    expiresAfterMs,
  });

  it('take the most approvers and the shortest time, whichever has them', () => {
    const many = need('many', 3, 2000);
    const soon = need('soon', 1, 1000);
    for (const both of [bothNeeds(many, soon), bothNeeds(soon, many)]) {
      expect(both).toMatchObject({ approvers: 3, expiresAfterMs: 1000 });
      expect(both?.rules.map(({ name }) => name).sort()).toEqual(['many', 'soon']);
    }
  });

  it('are the one that there is', () => {
    const one = need('one', 2, 1000);
    expect([bothNeeds(one, null), bothNeeds(null, one), bothNeeds(null, null)]).toEqual([one, one, null]);
  });
});

describe('what is measured of a plan', () => {
  const PLACE = { registry: 'prod', repository: 'team-a/app' };
  const target = (kind: PlanTarget['kind'], ...tags: string[]): PlanTarget => ({
    ...{ kind, reference: tags[0] ?? '', digest: digestOf(Buffer.from(tags.join())), mediaType: '', size: 1 },
    ...{ because: 'requested', cause: null, tags: tags.map((tag) => parseTag(tag)), siblings: [] },
    ...{ parents: [], children: [], referrers: [] },
  });
  const plan = (...targets: PlanTarget[]): Plan => ({
    ...{ hash: 'sha256:a', targets, refusals: [], selected: null, notes: [], tagsInRepository: 4 },
    reclaimableBytes: { value: 0, exact: true },
  });

  it('are tags that go alone as well as manifests, and every tag that goes with one', () => {
    const made = plan(target('tag', 'v1'), target('manifest', 'v2', 'stable'));
    expect(measuresOf(PLACE, made)).toMatchObject({
      targets: 2,
      tags: ['v1', 'v2', 'stable'],
      repositoryTags: 4,
    });
  });

  it('makes another plan of one that is over a limit: what was planned before is stale', () => {
    const request = {
      references: [],
      siblings: 'refuse',
      referrers: 'include',
      children: 'include',
    } as const;
    const made = plan(target('manifest', 'v1'), target('manifest', 'v2'));
    expect(withinLimits(PLACE, made, request, { ...NO_LIMITS, targetsPerRequest: 2 })).toBe(made);
    const over = withinLimits(PLACE, made, request, { ...NO_LIMITS, targetsPerRequest: 1 });
    expect(over.refusals).toMatchObject([{ reference: '*', code: 'too_many_targets' }]);
    expect(over.hash).not.toBe(made.hash);
  });
});
