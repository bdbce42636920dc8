import { describe, expect, it } from 'vitest';
import { parseDigest } from '../oci/digest.js';
import { MEDIA_TYPES } from '../oci/media-types.js';
import { parseReference, parseTag } from '../oci/names.js';
import type { Capabilities } from '../registries/registry.js';
import { missingForPlan } from './missing.js';
import { planDeletion } from './plan-deletion.js';
import type { PlanRequest } from './request.js';
import { EMPTY_SNAPSHOT, type RepositorySnapshot } from './snapshot.js';

const IMAGE = parseDigest(`v1id:${'a'.repeat(64)}`);

const able = (deletes: Capabilities['deletes']): Capabilities => ({
  deletes,
  deletion: 'enabled',
  untag: 'native',
  referrersApi: false,
  listsUntagged: false,
});

const requestOf = (references: readonly string[], changes: Partial<PlanRequest> = {}): PlanRequest => ({
  references: references.map(parseReference).filter((reference) => reference !== null),
  siblings: 'refuse',
  referrers: 'include',
  children: 'include',
  ...changes,
});

const tagged = (...tags: readonly string[]): RepositorySnapshot => ({
  ...EMPTY_SNAPSHOT,
  tags: new Map(
    tags.map((tag) => [parseTag(tag), { digest: IMAGE, mediaType: MEDIA_TYPES.v1Ancestry }] as const),
  ),
});

describe('a registry that deletes tags only', () => {
  it.each(['refuse', 'untag'] as const)(
    'loses the tags that were asked for, with siblings: %s',
    (siblings) => {
      const plan = planDeletion(requestOf(['v1'], { siblings }), tagged('v1', 'stable'), able('tags'));
      expect(plan.refusals).toEqual([]);
      expect(plan.targets).toMatchObject([{ kind: 'tag', reference: 'v1', because: 'requested' }]);
    },
  );

  it('loses an image’s last tag as a tag too: the image stays', () => {
    const plan = planDeletion(requestOf(['v1']), tagged('v1'), able('tags'));
    expect(plan.targets).toMatchObject([{ kind: 'tag', reference: 'v1', siblings: [] }]);
  });

  it('loses siblings that were asked for, each as a target of its own', () => {
    const request = requestOf(['v1'], { siblings: 'include' });
    const plan = planDeletion(request, tagged('v1', 'stable'), able('tags'));
    expect(plan.targets.map(({ kind, reference, because }) => [kind, reference, because])).toEqual([
      ['tag', 'stable', 'sibling'],
      ['tag', 'v1', 'requested'],
    ]);
  });

  it('loses no digest, and is not asked about it', () => {
    const request = requestOf([IMAGE]);
    const plan = planDeletion(request, tagged('v1', 'stable'), able('tags'));
    expect(plan.targets).toEqual([]);
    expect(plan.refusals).toMatchObject([{ code: 'digest_unsupported', tags: ['stable', 'v1'] }]);
    expect(missingForPlan(request, tagged('v1'), able('tags')).read).toEqual([]);
  });

  it('keeps a tag whose image is not there', () => {
    const snapshot = { ...tagged('v1'), absent: new Set([IMAGE]) };
    const plan = planDeletion(requestOf(['v1']), snapshot, able('tags'));
    expect(plan.targets).toEqual([]);
    expect(plan.refusals).toMatchObject([{ reference: 'v1', code: 'dangling_tag' }]);
  });
});

describe('a registry that deletes manifests', () => {
  it('has no image ids, and is not asked for one', () => {
    const request = requestOf([IMAGE]);
    const plan = planDeletion(request, EMPTY_SNAPSHOT, able('manifests'));
    expect(plan.refusals).toMatchObject([{ reference: IMAGE, code: 'reference_not_found' }]);
    expect(missingForPlan(request, EMPTY_SNAPSHOT, able('manifests')).read).toEqual([]);
  });
});
