import { describe, expect, it } from 'vitest';
import type { Digest } from '../../src/oci/digest.js';
import { parseReference, parseTag } from '../../src/oci/names.js';
import { planDifferences } from '../../src/planning/difference.js';
import { missingForPlan, missingForRecheck } from '../../src/planning/missing.js';
import { planDeletion } from '../../src/planning/plan-deletion.js';
import type { Plan } from '../../src/planning/plan.js';
import { recheckTarget } from '../../src/planning/recheck.js';
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
const ASK = { siblings: 'refuse', referrers: 'include', children: 'include' } as const;

const plan = (
  repository: Repository,
  references: readonly (string | number)[],
  how: Partial<PlanRequest> = {},
  able: Partial<Capabilities> = {},
): Plan => {
  const request = requestOf(repository, references, how);
  const capabilities = { ...ABLE, ...able };
  const snapshot = repository.snapshot((known) => missingForPlan(request, known, capabilities));
  return planDeletion(request, snapshot, capabilities);
};

const requestOf = (
  repository: Repository,
  references: readonly (string | number)[],
  how: Partial<PlanRequest> = {},
): PlanRequest => ({
  ...ASK,
  ...how,
  references: references.map((reference) => {
    const text = typeof reference === 'number' ? repository.digest(reference) : reference;
    const parsed = parseReference(text);
    if (!parsed) throw new Error(`no reference: ${text}`);
    return parsed;
  }),
});

/** Manifests by number, tags by name, in the order in which they go. */
const goes = (repository: Repository, { targets }: Plan): (string | number)[] =>
  targets.map((target) => (target.kind === 'tag' ? target.reference : repository.at(target.digest)));

const codes = ({ refusals }: Plan): string[] => refusals.map(({ code }) => code);

const image = (...tags: string[]): Node => ({ kind: 'image', tags });
const index = (children: number[], ...tags: string[]): Node => ({ kind: 'index', children, tags });

describe('two tags on one digest (TRAPS 1)', () => {
  const repository = new Repository([image('v3', 'stable')]);

  it.each([
    ['refuse', ['v3'], [], ['shared_digest']],
    ['untag', ['v3'], ['v3'], []],
    ['include', ['v3'], [0], []],
    ['refuse', ['v3', 'stable'], [0], []],
    ['refuse', [0], [], ['shared_digest']],
    ['single', [0], [], ['shared_digest']],
    ['single', [0, 'v3'], [], ['shared_digest', 'shared_digest']],
    ['untag', [0], [], ['shared_digest']],
  ] as const)('siblings: %s, asked %j: goes %j, refused %j', (siblings, asked, gone, refused) => {
    const made = plan(repository, asked, { siblings });
    expect(goes(repository, made)).toEqual(gone);
    expect(codes(made)).toEqual(refused);
  });

  it('is no danger where there is one: single takes it along with the digest, and no tag with another', () => {
    const one = new Repository([image('v3')]);
    expect(goes(one, plan(one, [0], { siblings: 'single' }))).toEqual([0]);
    expect(codes(plan(one, [0], { siblings: 'refuse' }))).toEqual(['shared_digest']);
    expect(codes(plan(repository, ['v3'], { siblings: 'single' }))).toEqual(['shared_digest']);
  });

  it('names the tags that would go along', () => {
    expect(plan(repository, ['v3']).refusals[0]?.tags).toEqual(['stable']);
  });

  it('is not untagged where the registry cannot', () => {
    expect(codes(plan(repository, ['v3'], { siblings: 'untag' }, { untag: 'none' }))).toEqual([
      'untag_unsupported',
    ]);
  });
});

describe('an index', () => {
  it('takes the children that nothing else holds, after itself (TRAPS 3, 9)', () => {
    const repository = new Repository([image(), image(), image(), index([0, 1], 'a'), index([1, 2], 'b')]);
    expect(goes(repository, plan(repository, ['a']))).toEqual([3, 0]);
    expect(goes(repository, plan(repository, ['a'], { children: 'keep' }))).toEqual([3]);
    expect(goes(repository, plan(repository, ['a', 'b']))[0]).toBeGreaterThan(2);
    expect(new Set(goes(repository, plan(repository, ['a', 'b'])))).toEqual(new Set([0, 1, 2, 3, 4]));
  });

  it('leaves a child that has a tag of its own', () => {
    const repository = new Repository([image('amd64'), index([0], 'multi')]);
    expect(goes(repository, plan(repository, ['multi']))).toEqual([1]);
  });

  it('protects its children, at any depth (TRAPS 8)', () => {
    const repository = new Repository([image('amd64'), index([0]), index([1], 'all')]);
    const made = plan(repository, ['amd64']);
    expect(codes(made)).toEqual(['child_of_index']);
    expect(made.refusals[0]?.parents).toEqual([repository.digest(1)]);
    expect(goes(repository, made)).toEqual([]);
    expect(goes(repository, plan(repository, ['amd64'], { siblings: 'untag' }))).toEqual(['amd64']);
    expect(goes(repository, plan(repository, ['all', 'amd64']))).toEqual([2, 1, 0]);
  });

  it('that cannot be read protects what it may contain', () => {
    const repository = new Repository([image('v1'), { kind: 'opaque', tags: ['bundle'] }]);
    expect(codes(plan(repository, ['v1']))).toEqual(['unreadable_manifest']);
    expect(goes(repository, plan(repository, ['bundle']))).toEqual([1]);
  });

  it('that was not read protects what it may contain', () => {
    const repository = new Repository([image('v1'), index([], 'other')]);
    const made = planDeletion(requestOf(repository, ['v1']), repository.survey(), ABLE);
    expect(codes(made)).toEqual(['unreadable_manifest']);
    expect(goes(repository, made)).toEqual([]);
  });

  it('protects a child that is named by its digest, or whose tag cannot go alone, with siblings: untag too', () => {
    const repository = new Repository([image('amd64'), image(), index([0, 1], 'multi')]);
    for (const made of [
      plan(repository, [1], { siblings: 'untag' }),
      plan(repository, ['amd64'], { siblings: 'untag' }, { untag: 'none' }),
    ]) {
      expect(codes(made)).toEqual(['child_of_index']);
      expect(goes(repository, made)).toEqual([]);
    }
  });

  it('leaves a child that speaks about something where referrers are kept', () => {
    const repository = new Repository([image(), { kind: 'image', subject: 0 }, index([1], 'v1')]);
    expect(goes(repository, plan(repository, ['v1'], { referrers: 'keep' }))).toEqual([2]);
    expect(goes(repository, plan(repository, ['v1']))).toEqual([2, 1]);
  });
});

describe('what speaks about an image (TRAPS 10)', () => {
  it('goes after it: a subject, a cosign tag, and its fallback list', () => {
    const repository = new Repository([
      image('v1'),
      { kind: 'image', subject: 0, tags: [] },
      index([1], helperTagFor(0)),
      image(helperTagFor(0, '.sig')),
      image(helperTagFor(0, '.att')),
      image(helperTagFor(0, '.sbom')),
    ]);
    const made = plan(repository, ['v1']);
    expect(goes(repository, made)[0]).toBe(0);
    expect(new Set(goes(repository, made))).toEqual(new Set([0, 1, 2, 3, 4, 5]));
    expect(goes(repository, made).indexOf(2)).toBeLessThan(goes(repository, made).indexOf(1));
    expect(goes(repository, plan(repository, ['v1'], { referrers: 'keep' }))).toEqual([0]);
  });

  it('goes through the referrers API as well', () => {
    const repository = new Repository([image('v1'), { kind: 'image', subject: 0 }]);
    expect(goes(repository, plan(repository, ['v1'], {}, { referrersApi: true }))).toEqual([0, 1]);
    expect(goes(repository, plan(repository, ['v1']))).toEqual([0]);
  });

  it('stays when it has a name of its own, or speaks about another image as well', () => {
    const repository = new Repository([
      image('v1'),
      image('v2'),
      { kind: 'image', subject: 0, tags: ['sbom-of-v1'] },
      image(helperTagFor(0, '.sig'), helperTagFor(1, '.sig')),
    ]);
    expect(goes(repository, plan(repository, ['v1'], {}, { referrersApi: true }))).toEqual([0]);
    expect(new Set(goes(repository, plan(repository, ['v1', 'v2'])))).toEqual(new Set([0, 1, 3]));
  });

  it('is not an ordinary index that somebody tagged like a fallback list', () => {
    const repository = new Repository([image('v1'), image(), index([1], helperTagFor(0))]);
    expect(goes(repository, plan(repository, ['v1']))).toEqual([0]);
  });

  it('is no list in which a single entry speaks about something else, and no image that is tagged like a list', () => {
    const speaker: Node = { kind: 'image', subject: 0 };
    const mixed = new Repository([image('v1'), speaker, image(), index([1, 2], helperTagFor(0))]);
    expect(goes(mixed, plan(mixed, ['v1']))).toEqual([0]);
    const tagged = new Repository([image('v1'), image(helperTagFor(0))]);
    expect(goes(tagged, plan(tagged, ['v1']))).toEqual([0]);
  });

  it('is nothing whose tag only begins like one of its own', () => {
    const repository = new Repository([
      image('v1'),
      image(`${helperTagFor(0)}.tar`),
      image(`${helperTagFor(0)}.sig.old`),
      image(helperTagFor(0).slice(0, 40)),
    ]);
    expect(goes(repository, plan(repository, ['v1']))).toEqual([0]);
  });
});

describe('a reference that is not there', () => {
  it('is refused, and with it the whole request (TRAPS 12)', () => {
    const repository = new Repository([image('v1')]);
    expect(codes(plan(repository, ['v2']))).toEqual(['reference_not_found']);
    expect(codes(plan(repository, ['v1', 'v2']))).toEqual(['reference_not_found']);
    expect(codes(plan(repository, ['v1', `sha256:${'0'.repeat(64)}`]))).toEqual(['reference_not_found']);
  });

  it('and whose tag is still listed is told apart (TRAPS 14)', () => {
    const repository = new Repository([image('v1')]);
    const request = requestOf(repository, ['broken']);
    const snapshot = { ...repository.survey(), danglingTags: new Set([parseTag('broken')]) };
    expect(codes(planDeletion(request, snapshot, ABLE))).toEqual(['dangling_tag']);
  });
});

const layered = (layers: number[], ...tags: string[]): Node => ({ kind: 'image', layers, tags });

describe('bytes that collection can free (TRAPS 25)', () => {
  it('are not those that an image which was read and stays holds', () => {
    const repository = new Repository([layered([1, 2], 'a'), layered([2, 3], 'b')]);
    const request = requestOf(repository, ['a']);
    const survey = repository.survey();
    const manifests = new Map([0, 1].map((at) => [repository.digest(at), repository.manifest(at)]));
    const made = planDeletion(request, { ...survey, manifests }, ABLE);
    expect(made.reclaimableBytes.value).toBe((made.targets[0]?.size ?? 0) + 1001);
  });

  it('are counted once', () => {
    const repository = new Repository([layered([1, 2], 'a'), layered([2, 3], 'b'), layered([3], 'c')]);
    const sizes = (made: Plan) => made.targets.reduce((sum, { size }) => sum + size, 0);
    const one = plan(repository, ['a']);
    expect(one.reclaimableBytes).toEqual({ value: sizes(one) + 1001 + 1002, exact: false });
    const two = plan(repository, ['a', 'b']);
    expect(two.reclaimableBytes.value).toBe(sizes(two) + 1001 + 1002 + 1003);
  });
});

describe('the look before each target', () => {
  const nodes = [image('v1'), image('v2'), image(), index([2], 'multi')];
  const target = (asked: string, how: Partial<PlanRequest> = {}) => {
    const [first] = plan(new Repository(nodes), [asked], how).targets;
    if (!first) throw new Error(`nothing goes for ${asked}`);
    return first;
  };
  const look = (which: ReturnType<typeof target>, repository: Repository, gone: Digest[] = []) => {
    const already = new Set(gone);
    const snapshot = repository.snapshot((known) => missingForRecheck([which], already, known));
    return recheckTarget(which, snapshot, already);
  };

  it('lets it go when nothing moved', () => {
    expect(look(target('v1'), new Repository(nodes))).toEqual({ verdict: 'go' });
  });

  it('stops at a tag that points elsewhere now (TRAPS 2)', () => {
    const repository = new Repository(nodes);
    repository.tags.set('v1', 1);
    expect(look(target('v1'), repository)).toMatchObject({ verdict: 'tag_moved' });
  });

  it('goes on when a tag of the manifest was only removed', () => {
    const repository = new Repository(nodes);
    repository.untag('v1');
    expect(look(target('v1'), repository)).toEqual({ verdict: 'go' });
  });

  it('stops at a new tag, at a new index, and at what might be one', () => {
    const tagged = new Repository(nodes);
    tagged.tags.set('rollback', 0);
    expect(look(target('v1'), tagged)).toMatchObject({ verdict: 'refused', code: 'shared_digest' });
    const held = new Repository(nodes).with(index([0], 'new'));
    expect(look(target('v1'), held)).toMatchObject({ verdict: 'refused', code: 'child_of_index' });
    const doubtful = new Repository(nodes).with({ kind: 'opaque', tags: ['new'] });
    expect(look(target('v1'), doubtful)).toMatchObject({ verdict: 'refused', code: 'unreadable_manifest' });
  });

  it('stops at a child whose index stayed, also when the index has no tag any more', () => {
    const repository = new Repository(nodes);
    const [parent, child] = plan(repository, ['multi']).targets;
    if (!parent || !child) throw new Error('an index and its child go');
    expect(look(child, repository, [parent.digest])).toEqual({ verdict: 'go' });
    expect(look(child, repository)).toMatchObject({ verdict: 'refused', code: 'plan_stale' });
    repository.untag('multi');
    const asked = { ...child, because: 'requested', cause: null } as const;
    expect(look(asked, repository)).toMatchObject({ verdict: 'refused', code: 'child_of_index' });
  });

  it('asks whether the index that went is there again, which no tag would tell', () => {
    const repository = new Repository(nodes);
    const [parent, child] = plan(repository, ['multi']).targets;
    if (!parent || !child) throw new Error('an index and its child go');
    repository.deleteManifest(parent.digest);
    const gone = new Set([parent.digest]);
    expect(missingForRecheck([parent, child], gone, repository.survey()).read).toContain(parent.digest);
    expect(missingForRecheck([parent], gone, repository.survey()).read).toEqual([]);
  });

  it('stops at a signature of two images while one of them is there', () => {
    const repository = new Repository([
      ...[image('v1'), image('v2')],
      image(helperTagFor(0, '.sig'), helperTagFor(1, '.sig')),
    ]);
    const signature = plan(repository, ['v1', 'v2']).targets.at(-1);
    if (!signature?.cause) throw new Error('a signature goes');
    expect(look(signature, repository, [signature.cause])).toMatchObject({
      verdict: 'refused',
      code: 'plan_stale',
    });
    const both = [repository.digest(0), repository.digest(1)];
    expect(look(signature, repository, both)).toEqual({ verdict: 'go' });
  });

  it('stops at a tag that pointed at nothing, and points at something now', () => {
    const repository = new Repository([image('v1')]);
    const absent = new Set([repository.digest(0)]);
    const dangling = { ...repository.survey(), absent };
    const made = planDeletion(requestOf(repository, ['v1']), dangling, { ...ABLE, untagsDangling: true });
    const [tag] = made.targets;
    if (!tag) throw new Error('a tag goes');
    expect(recheckTarget(tag, dangling, new Set())).toEqual({ verdict: 'dangling' });
    expect(recheckTarget(tag, repository.survey(), new Set())).toMatchObject({
      verdict: 'refused',
      code: 'plan_stale',
    });
  });

  it('stops at a tag that points at nothing meanwhile', () => {
    const repository = new Repository([image('v3', 'stable')]);
    const [tag] = plan(repository, ['v3'], { siblings: 'untag' }).targets;
    if (!tag) throw new Error('a tag goes');
    const snapshot = { ...new Repository([]).survey(), danglingTags: new Set(tag.tags) };
    expect(recheckTarget(tag, snapshot, new Set())).toMatchObject({
      verdict: 'refused',
      code: 'dangling_tag',
    });
  });

  it('finds a tag that is gone absent', () => {
    const repository = new Repository([image('v3', 'stable')]);
    const [tag] = plan(repository, ['v3'], { siblings: 'untag' }).targets;
    if (!tag) throw new Error('a tag goes');
    repository.untag('v3');
    expect(look(tag, repository)).toEqual({ verdict: 'absent' });
  });
});

describe('the differences of two plans', () => {
  const before = plan(new Repository([image('v1'), image('v2')]), ['v1']);

  it('are none for the same plan', () => {
    expect(planDifferences(before, plan(new Repository([image('v1'), image('v2')]), ['v1']))).toEqual([]);
  });

  it.each([
    ['the tag moved', new Repository([image(), image('v2'), image('v1')]), /no longer go/],
    ['a tag came', new Repository([image('v1', 'rollback')]), /rollback/],
    ['a signature came', new Repository([image('v1'), image(helperTagFor(0, '.sig'))]), /as well/],
    ['it is gone', new Repository([image(), image('v2')]), /has no v1/],
  ])('say so when %s', (_, repository, message) => {
    const after = plan(repository, ['v1']);
    expect(after.hash).not.toBe(before.hash);
    expect(planDifferences(before, after).map((difference) => difference.message)).toContainEqual(
      expect.stringMatching(message),
    );
  });
});

it('is another plan where another tag would go with the same manifest, or the manifest and not its tag alone', () => {
  const alone = new Repository([image('v1')]);
  const together = new Repository([image('v1', 'rollback')]);
  for (const siblings of ['include', 'untag'] as const) {
    const [before, after] = [plan(together, ['v1'], { siblings }), plan(alone, ['v1'], { siblings })];
    expect([...before.refusals, ...after.refusals]).toEqual([]);
    expect(after.hash).not.toBe(before.hash);
  }
});

it('of 5,000 tags takes the 4,900 that were asked for', () => {
  const repository = new Repository(Array.from({ length: 5_000 }, (_, at) => image(`v${at}`)));
  const made = plan(
    repository,
    Array.from({ length: 4_900 }, (_, at) => `v${at}`),
  );
  expect(made.targets).toHaveLength(4_900);
  expect(made.refusals).toEqual([]);
});
