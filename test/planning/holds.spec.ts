import { describe, expect, it } from 'vitest';
import type { Digest } from '../../src/oci/digest.js';
import { parseReference } from '../../src/oci/names.js';
import { heldManifests, holdOn, holdOnAllOf, mayHoldUntagged } from '../../src/planning/held.js';
import { holdOfTag, holdsOn, type Hold } from '../../src/guardrails/hold.js';
import { missingForPlan, missingForRecheck } from '../../src/planning/missing.js';
import { planDeletion } from '../../src/planning/plan-deletion.js';
import type { Plan } from '../../src/planning/plan.js';
import type { PlanRequest } from '../../src/planning/request.js';
import type { Capabilities } from '../../src/registries/registry.js';
import { helperTagFor, Repository, type Node } from './repository.js';

const ABLE: Capabilities = {
  deletes: 'manifests',
  untag: 'native',
  deletion: 'enabled',
  referrersApi: false,
  listsUntagged: false,
};

const hold = (what: { tags?: string; digest?: Digest } = {}): Hold => ({
  id: 'hold_1',
  registry: 'prod',
  repository: 'team-a/**',
  tags: what.tags ?? null,
  digest: what.digest ?? null,
  reason: 'shipped to customers',
});

const image = (...tags: string[]): Node => ({ kind: 'image', tags });
const index = (children: number[], ...tags: string[]): Node => ({ kind: 'index', children, tags });
const about = (subject: number, ...tags: string[]): Node => ({ kind: 'image', subject, tags });

const plan = (
  repository: Repository,
  references: readonly (string | number)[],
  holds: readonly Hold[],
  how: Partial<PlanRequest> = {},
  able: Partial<Capabilities> = {},
): Plan => {
  const request: PlanRequest = {
    siblings: 'refuse',
    referrers: 'include',
    children: 'include',
    ...how,
    references: references.flatMap((reference) => {
      const text = typeof reference === 'number' ? repository.digest(reference) : reference;
      return parseReference(text) ?? [];
    }),
  };
  const capabilities = { ...ABLE, ...able };
  const snapshot = repository.snapshot((known) => missingForPlan(request, known, capabilities, holds));
  return planDeletion(request, snapshot, capabilities, holds);
};

const refused = ({ refusals }: Plan) => refusals.map(({ reference, code }) => `${reference} ${code}`);
const RELEASES = hold({ tags: 'release-*' });

describe('a held tag', () => {
  const repository = new Repository([image('v1', 'release-1'), image('v2')]);

  it('is refused by name, naming the hold and its reason', () => {
    const made = plan(repository, ['release-1'], [RELEASES]);
    expect(made.refusals).toMatchObject([
      {
        reference: 'release-1',
        code: 'held',
        message: 'release-1 is held by hold_1: shipped to customers',
      },
    ]);
  });

  it.each(['include', 'untag', 'single', 'refuse'] as const)(
    'is refused whatever siblings says: %s',
    (siblings) => {
      expect(refused(plan(repository, ['release-1'], [RELEASES], { siblings }))).toEqual(['release-1 held']);
    },
  );

  it('protects its digest from siblings: include, under every other name of it', () => {
    const byTag = plan(repository, ['v1'], [RELEASES], { siblings: 'include' });
    expect(byTag.refusals).toMatchObject([
      { reference: 'v1', code: 'held', message: expect.stringContaining('release-1') as string },
    ]);
    const digest = repository.digest(0);
    expect(refused(plan(repository, [0], [RELEASES], { siblings: 'include' }))).toEqual([`${digest} held`]);
  });

  it('lets another tag of its image go alone, and other images', () => {
    const made = plan(repository, ['v1'], [RELEASES], { siblings: 'untag' });
    expect(made.refusals).toEqual([]);
    expect(made.targets).toMatchObject([{ kind: 'tag', tags: ['v1'] }]);
    expect(plan(repository, ['v2'], [RELEASES]).refusals).toEqual([]);
  });

  it('stops the whole repository from going', () => {
    const all = plan(repository, ['v1', 'v2', 'release-1'], [RELEASES]);
    expect(refused(all)).toContain('release-1 held');
  });

  it('is refused where only tags can go, each alone', () => {
    const tagsOnly = { deletes: 'tags', untag: 'native' } as const;
    expect(refused(plan(repository, ['release-1'], [RELEASES], {}, tagsOnly))).toEqual(['release-1 held']);
    expect(refused(plan(repository, ['v1'], [RELEASES], { siblings: 'include' }, tagsOnly))).toEqual([
      'release-1 held',
    ]);
    expect(refused(plan(repository, ['v1'], [RELEASES], {}, tagsOnly))).toEqual([]);
  });

  it('is no reason to refuse a tag that does not exist', () => {
    expect(refused(plan(repository, ['release-9'], [RELEASES]))).toEqual(['release-9 reference_not_found']);
  });
});

describe('a held index', () => {
  it('protects its children, also one with a tag of its own', () => {
    const repository = new Repository([image('amd64'), image(), index([0, 1], 'release-1')]);
    const held = heldManifests(
      repository.snapshot((known) => missingForRecheck([], new Set(), known, [RELEASES])),
      [RELEASES],
    );
    expect([...held.keys()].map((digest) => repository.at(digest)).sort()).toEqual([0, 1, 2]);
    // An index that lives refuses its children before any hold does.
    expect(refused(plan(repository, ['amd64'], [RELEASES]))).toEqual(['amd64 child_of_index']);
    const together = plan(repository, ['amd64', 'release-1'], [RELEASES], { siblings: 'include' });
    expect(refused(together)).toContain('release-1 held');
  });

  it('that no tag leads to protects its children once its digest is held', () => {
    const repository = new Repository([image('amd64'), index([0])]);
    const held = hold({ digest: repository.digest(1) });
    expect(refused(plan(repository, ['amd64'], [held]))).toEqual(['amd64 child_of_index']);
    expect(refused(plan(repository, ['amd64'], []))).toEqual([]);
  });
});

describe('a held child', () => {
  it('stops the index that would take it along', () => {
    const repository = new Repository([image(), image(), index([0, 1], 'v1')]);
    const made = plan(repository, ['v1'], [hold({ digest: repository.digest(1) })]);
    expect(made.refusals).toMatchObject([
      { reference: 'v1', code: 'held', message: expect.stringContaining(repository.digest(1)) as string },
    ]);
  });

  it('with its tag stays, and its index may go', () => {
    const repository = new Repository([image('release-1'), index([0], 'v1')]);
    const made = plan(repository, ['v1'], [RELEASES]);
    expect(made.refusals).toEqual([]);
    expect(made.targets.map(({ digest }) => digest)).toEqual([repository.digest(1)]);
  });
});

describe('a signature of what is held', () => {
  it('is protected as a referrer, by digest and by tag', () => {
    const repository = new Repository([image('release-1'), about(0), image(helperTagFor(0, '.sig'))]);
    expect(refused(plan(repository, [1], [RELEASES]))).toEqual([`${repository.digest(1)} held`]);
    const tag = helperTagFor(0, '.sig');
    expect(refused(plan(repository, [tag], [RELEASES]))).toEqual([`${tag} held`]);
  });

  it('is protected also where it is the signature of a signature', () => {
    const repository = new Repository([image('release-1'), about(0), about(1)]);
    expect(refused(plan(repository, [2], [RELEASES]))).toEqual([`${repository.digest(2)} held`]);
  });

  it('is protected also through an index: a signature of the child of a signature, however each is named', () => {
    const bySubject = new Repository([
      image('release-1'),
      about(0, 'sbom'),
      image('part'),
      { kind: 'index', children: [2], subject: 1, tags: ['parts'] },
      about(2, 'v9'),
    ]);
    expect(refused(plan(bySubject, ['v9'], [RELEASES]))).toEqual(['v9 held']);
    const byTag = new Repository([
      image('release-1'),
      { kind: 'index', children: [2], subject: 0, tags: ['parts'] },
      image(),
      about(2),
      image(helperTagFor(3, '.sig'), 'v9'),
    ]);
    expect(refused(plan(byTag, ['v9'], [RELEASES], { siblings: 'include' }))).toEqual(['v9 held']);
  });

  it('keeps its tag, by which it is found', () => {
    const tag = helperTagFor(0, '.sig');
    const repository = new Repository([image('release-1'), image(tag, 'other')]);
    expect(refused(plan(repository, [tag], [RELEASES], { siblings: 'untag' }))).toEqual([`${tag} held`]);
  });
});

describe('a held referrer', () => {
  it('stops what it speaks about from taking it along', () => {
    const tag = helperTagFor(0, '.sig');
    const repository = new Repository([image('v1'), image(tag)]);
    const made = plan(repository, ['v1'], [hold({ digest: repository.digest(1) })]);
    expect(refused(made)).toEqual(['v1 held']);
  });
});

describe('a hold without tags and digest', () => {
  it('protects everything in its repositories', () => {
    const repository = new Repository([image('v1'), image()]);
    expect(refused(plan(repository, ['v1'], [hold()]))).toEqual(['v1 held']);
    expect(refused(plan(repository, [1], [hold()]))).toEqual([`${repository.digest(1)} held`]);
  });
});

describe('a held digest', () => {
  it('keeps its tags too: they are how people know it', () => {
    const repository = new Repository([image('v1', 'v2')]);
    const held = hold({ digest: repository.digest(0) });
    expect(refused(plan(repository, ['v1'], [held], { siblings: 'untag' }))).toEqual(['v1 held']);
  });
});

describe('a plan', () => {
  it('is another one under a hold, so that what was planned before it is stale', () => {
    const repository = new Repository([image('release-1')]);
    const [before, after] = [
      plan(repository, ['release-1'], []),
      plan(repository, ['release-1'], [RELEASES]),
    ];
    expect(before.refusals).toEqual([]);
    expect(after.hash).not.toBe(before.hash);
  });
});

describe('the look before each target', () => {
  const look = (repository: Repository, made: Plan, holds: readonly Hold[]) => {
    const snapshot = repository.snapshot((known) => missingForRecheck(made.targets, new Set(), known, holds));
    return made.targets.map((target) => holdOn(target, snapshot, holds)?.id ?? null);
  };

  it('sees a hold that came after the plan, on a tag, a digest, a subject or an untagged index', () => {
    const repository = new Repository([image('release-1'), about(0), image('amd64'), index([2])]);
    expect(look(repository, plan(repository, ['release-1'], []), [RELEASES])).toContain('hold_1');
    expect(look(repository, plan(repository, [1], []), [RELEASES])).toEqual(['hold_1']);
    const onIndex = hold({ digest: repository.digest(3) });
    expect(look(repository, plan(repository, ['amd64'], []), [onIndex])).toEqual(['hold_1']);
    expect(look(repository, plan(repository, ['amd64'], []), [RELEASES])).toEqual([null]);
  });
});

describe('the look at what would go with a target', () => {
  it('sees a hold on what its going takes along, at any depth, and none on what goes by itself', () => {
    const repository = new Repository([image(), index([0]), index([1], 'all'), image('v2')]);
    const { targets } = plan(repository, ['all', 'v2'], []);
    const onLeaf = [hold({ digest: repository.digest(0) })];
    const snapshot = repository.snapshot((known) => missingForRecheck(targets, new Set(), known, onLeaf));
    const held = targets.filter((target) => holdOnAllOf(target, targets, snapshot, onLeaf) !== null);
    expect(held.map(({ digest }) => repository.at(digest)).sort()).toEqual([0, 1, 2]);
  });
});

it('without tags and digest is about every tag', () => {
  expect(holdOfTag([hold()], 'v1')).not.toBeNull();
});

describe('which holds are about a repository', () => {
  it.each([
    ['prod', 'team-a/app', true],
    ['prod', 'team-a/sub/app', true],
    ['prod', 'team-a', false],
    ['prod', 'team-ab/app', false],
    ['test', 'team-a/app', false],
  ])('team-a/** of prod, and %s/%s: %s', (registry, repository, expected) => {
    expect(holdsOn([RELEASES], registry, repository)).toEqual(expected ? [RELEASES] : []);
  });

  it('without any, nothing is held', () => {
    const repository = new Repository([image('release-1')]);
    expect(heldManifests(repository.survey(), [])).toEqual(new Map());
  });
});

it('may be about what no tag leads to where it names a digest, or nothing but the repository', () => {
  expect(mayHoldUntagged(hold())).toBe(true);
  expect(mayHoldUntagged(hold({ digest: new Repository([image()]).digest(0) }))).toBe(true);
  expect(mayHoldUntagged(hold({ tags: '*' }))).toBe(false);
});
