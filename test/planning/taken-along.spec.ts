import { describe, expect, it } from 'vitest';
import { parseTag } from '../../src/oci/names.js';
import { missingForPlan } from '../../src/planning/missing.js';
import { planDeletion } from '../../src/planning/plan-deletion.js';
import type { PlanRequest } from '../../src/planning/request.js';
import { Repository, type Node } from './repository.js';

/** Manifest 0 is a child, 1 its index, 2 a signature on the index, 3 one on the child. */
const SIGNED: readonly Node[] = [
  { kind: 'image' },
  { kind: 'index', children: [0], tags: ['v1'] },
  { kind: 'image', subject: 1 },
  { kind: 'image', subject: 0 },
];

/** What deleting v1 takes, by number, and why it is refused. */
const deletingV1 = (nodes: readonly Node[], how: Partial<PlanRequest> = {}, deletesAlong = true) => {
  const repository = new Repository(nodes);
  const request: PlanRequest = {
    references: [{ kind: 'tag', tag: parseTag('v1') }],
    siblings: 'refuse',
    referrers: 'include',
    children: 'include',
    ...how,
  };
  const able = {
    deletes: 'manifests',
    untag: 'native',
    deletion: 'enabled',
    referrersApi: true,
    listsUntagged: true,
    deletesAlong,
  } as const;
  const snapshot = repository.snapshot((known) => missingForPlan(request, known, able));
  const { targets, refusals } = planDeletion(request, snapshot, able);
  return {
    goes: targets.map(({ digest }) => repository.at(digest)).sort(),
    refused: refusals.map(({ reference, code }) => `${reference} ${code}`),
  };
};

describe('a registry that deletes children and referrers along', () => {
  it('is asked when the plan shows all of them', () => {
    expect(deletingV1(SIGNED)).toEqual({ goes: [0, 1, 2, 3], refused: [] });
  });

  it('is not asked when children or referrers are to stay', () => {
    expect(deletingV1(SIGNED, { children: 'keep' }).refused).toEqual(['v1 deletes_more']);
    expect(deletingV1(SIGNED, { referrers: 'keep' }).refused).toEqual(['v1 deletes_more']);
    expect(deletingV1(SIGNED, { referrers: 'keep' }, false).refused).toEqual([]);
  });

  it('leaves a child alone that has a tag or another index, and may be asked', () => {
    const index: Node = { kind: 'index', children: [0], tags: ['v1'] };
    const tagged: readonly Node[] = [{ kind: 'image', tags: ['amd64'] }, index];
    const shared: readonly Node[] = [{ kind: 'image' }, index, { ...index, tags: ['v2'] }];
    for (const nodes of [tagged, shared]) {
      expect(deletingV1(nodes, { children: 'keep' })).toEqual({ goes: [1], refused: [] });
    }
  });

  it('is not asked when a referrer has a tag of its own, which does not save it', () => {
    const nodes: readonly Node[] = [
      { kind: 'image', tags: ['v1'] },
      { kind: 'image', subject: 0, tags: ['report'] },
    ];
    expect(deletingV1(nodes).refused).toEqual(['v1 deletes_more']);
    expect(deletingV1(nodes, {}, false).refused).toEqual([]);
  });

  it('is not asked when a referrer of a child has a tag of its own either', () => {
    const nodes = SIGNED.map((node, at) => (at === 3 ? { ...node, tags: ['report'] } : node));
    expect(deletingV1(nodes).refused).toEqual(['v1 deletes_more']);
    expect(deletingV1(nodes, {}, false).refused).toEqual([]);
  });
});
