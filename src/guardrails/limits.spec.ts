import { describe, expect, it } from 'vitest';
import type { ApprovalNeed, PlanMeasures } from './approval-rule.js';
import { approvalOverShare, bothNeeds, NO_LIMITS, overDay, overLimit } from './limits.js';

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
