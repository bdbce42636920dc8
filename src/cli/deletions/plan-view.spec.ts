import { describe, expect, it } from 'vitest';
import type { Plan, PlanTarget } from '../client/client.js';
import { planLines, shortDigest, wholeDigest } from './plan-view.js';

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;

const target = (changes: Partial<PlanTarget>): PlanTarget => ({
  kind: 'manifest',
  reference: 'v1',
  digest: digest('a'),
  mediaType: 'application/vnd.oci.image.manifest.v1+json',
  size: 500,
  because: 'requested',
  tags: [],
  siblings: [],
  parents: [],
  children: [],
  referrers: [],
  ...changes,
});

const plan = (targets: PlanTarget[], changes: Partial<Plan> = {}): Plan => ({
  hash: digest('f'),
  reclaimableBytes: { value: 2048, exact: false },
  targets,
  refusals: [],
  selected: null,
  notes: [],
  ...changes,
});

const lines = (shown: Plan) => planLines(shown, [], shortDigest);

describe('a plan as a tree', () => {
  it('has below each target what goes because of it, over several levels', () => {
    const [index, child, signature] = [digest('a'), digest('b'), digest('c')];
    const shown = lines(
      plan([
        target({
          digest: index,
          mediaType: 'application/vnd.oci.image.index.v1+json',
          children: [child],
          tags: ['v1'],
        }),
        target({ digest: child, reference: child, because: 'child', referrers: [signature] }),
        target({ digest: signature, reference: signature, because: 'referrer' }),
        target({ digest: digest('d'), reference: 'v2', tags: ['v2', 'stable', 'latest'] }),
      ]),
    );
    expect(shown).toEqual([
      `plan ${digest('f')}`,
      '  goes: 4 manifests; the next garbage collection frees at most 2.0 KiB',
      '  index v1 sha256:aaaaaaaaaaaa… (500 B)  [requested]',
      '  └─ manifest sha256:bbbbbbbbbbbb… (500 B)  [child]',
      '     └─ manifest sha256:cccccccccccc… (500 B)  [referrer]',
      '  manifest v2 sha256:dddddddddddd… (500 B), with tags stable, latest  [requested]',
    ]);
  });

  it('shows every target exactly once, also where they name each other', () => {
    const [a, b] = [digest('a'), digest('b')];
    const shown = lines(
      plan([
        target({ digest: a, reference: a, because: 'child', children: [b] }),
        target({ digest: b, reference: b, because: 'child', children: [a] }),
      ]),
    );
    expect(shown.filter((line) => line.includes('[child]'))).toHaveLength(2);
  });

  it('says of a tag that its manifest stays, and of nothing that nothing goes', () => {
    const tag = target({ kind: 'tag' });
    const none = { value: 0, exact: true };
    expect(lines(plan([tag], { reclaimableBytes: none })).slice(1)).toEqual([
      '  goes: 1 tag alone',
      '  tag v1 alone; sha256:aaaaaaaaaaaa… stays  [requested]',
    ]);
    expect(lines(plan([]))[1]).toBe('  nothing goes');
  });

  it('says what became of a target, what was refused and what to do, and what was noted', () => {
    const outcome = { reference: 'v1', digest: digest('a'), outcome: 'tag_moved', code: 'tag_moved', message: 'It moved', startedAt: null, at: null } as const; // prettier-ignore
    const refusals = [
      { reference: 'v2', code: 'shared_digest', message: 'tag stable points at it' },
    ] as const;
    const shown = planLines(
      plan([target({})], { refusals: [...refusals], notes: ['a note'] }),
      [outcome],
      wholeDigest,
    );
    expect(shown.slice(2)).toEqual([
      `  manifest v1 ${digest('a')} (500 B)  [requested] → tag_moved: It moved`,
      '  refused v2  shared_digest: tag stable points at it',
      '          --siblings untag removes only this tag, --siblings include deletes all of them',
      '  note: a note',
    ]);
  });
});
