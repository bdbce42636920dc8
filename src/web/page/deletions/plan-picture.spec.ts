import { describe, expect, it } from 'vitest';
import type { Deletion, Plan } from '../../../public-api/openapi.js';
import { graphOf } from './plan-graph.js';
import { pictureOf } from './plan-layout.js';

type Target = Plan['targets'][number];
type Shown = Pick<Deletion, 'state' | 'plan' | 'targets'>;

const digest = (letter: string): string => `sha256:${letter.repeat(64)}`;
const [INDEX, AMD, ARM, SIG] = [digest('1'), digest('a'), digest('b'), digest('5')];

const target = (id: string, changes: Partial<Target> = {}): Target => ({
  kind: 'manifest',
  reference: id,
  digest: id,
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

const deletion = (
  targets: readonly Target[],
  changes: Partial<Shown> & { readonly refusals?: Plan['refusals'] } = {},
): Shown => {
  const { refusals = [], ...rest } = changes;
  return {
    state: 'planned',
    plan: {
      hash: digest('0'),
      reclaimableBytes: { value: 0, exact: true },
      targets: [...targets],
      refusals,
      selected: null,
      notes: [],
    },
    targets: [],
    ...rest,
  };
};

const outcome = ({ reference, digest: of }: Target, what: Deletion['targets'][number]['outcome']) => ({
  ...{ reference, digest: of, outcome: what, code: null, message: null, startedAt: null, at: null },
});

const multi = [
  target(INDEX, {
    reference: 'v2',
    mediaType: 'application/vnd.oci.image.index.v1+json',
    tags: ['latest', 'v2'],
    siblings: ['latest'],
    children: [AMD, ARM],
    referrers: [SIG],
  }),
  target(AMD, { because: 'child', parents: [INDEX] }),
  target(SIG, { because: 'referrer', tags: ['sha256-11.sig'] }),
];

/** `index 111111111111 goes`, a line a box of the picture. */
const linesOf = (shown: Shown): string[] =>
  pictureOf(graphOf(shown))
    .boxes.map(({ title, line }) => `${title.replace('sha256:', '')} ${line.split(' ')[0]}`)
    .sort();

describe('the picture of a plan', () => {
  it('shows the index with its tags, what it holds and what speaks about it, and what of that stays', () => {
    expect(linesOf(deletion(multi))).toEqual([
      'image aaaaaaaaaaaa goes',
      'index 111111111111 goes',
      'latest goes',
      'manifest bbbbbbbbbbbb stays',
      'referrer 555555555555 goes',
      'v2 goes',
    ]);
    const { summary, edges } = pictureOf(graphOf(deletion(multi)));
    expect(summary).toBe('3 tags and 3 manifests go; 1 manifest stays.');
    expect(edges.map(({ as }) => as).sort()).toEqual(['holds', 'holds', 'names', 'names', 'speaks']);
  });

  it('shows of a plan that is refused that nothing goes, and what stands in the way', () => {
    const parent = digest('9');
    const refusals: Plan['refusals'] = [
      { reference: 'v3', code: 'shared_digest', message: 'shared', tags: ['stable'] },
      { reference: ARM, code: 'child_of_index', message: 'held', parents: [parent] },
    ];
    const shown = deletion(multi, { state: 'refused', refusals });
    expect(linesOf(shown).filter((line) => !line.endsWith('stays'))).toEqual([]);
    expect(linesOf(shown)).toEqual(
      expect.arrayContaining(['v3 stays', 'stable stays', 'index 999999999999 stays']),
    );
  });

  it('takes a tag alone without its manifest and its siblings', () => {
    const tag = target(AMD, { kind: 'tag', reference: 'v3', tags: ['v3'], siblings: ['stable'] });
    expect(linesOf(deletion([tag]))).toEqual(['image aaaaaaaaaaaa stays', 'stable stays', 'v3 goes']);
    const both = [tag, target(AMD, { kind: 'tag', reference: 'v4', tags: ['v4'], siblings: ['v3'] })];
    expect(linesOf(deletion(both))).toEqual([
      'image aaaaaaaaaaaa stays',
      'stable stays',
      'v3 goes',
      'v4 goes',
    ]);
  });

  it.each(['rejected', 'cancelled', 'expired'] as const)(
    'shows that nothing went when it was %s',
    (state) => {
      expect(linesOf(deletion(multi, { state })).filter((line) => !line.endsWith('stays'))).toEqual([]);
    },
  );

  it('shows what became of each', () => {
    const [index, amd, sig] = multi;
    if (!index || !amd || !sig) throw new Error('no targets');
    const targets = [outcome(index, 'deleted'), outcome(amd, 'tag_moved'), outcome(sig, null)];
    expect(linesOf(deletion(multi, { state: 'running', targets }))).toEqual([
      'image aaaaaaaaaaaa stays',
      'index 111111111111 gone',
      'latest gone',
      'manifest bbbbbbbbbbbb stays',
      'referrer 555555555555 goes',
      'v2 gone',
    ]);
    const back = multi.map((one) => outcome(one, 'restored'));
    expect(linesOf(deletion(multi, { state: 'restored', targets: back }))).toContain('v2 restored');
  });

  it('does not lay one box over another, however many there are, and says how many are left out', () => {
    const many = Array.from({ length: 300 }, (_, n) => {
      const id = `sha256:${n.toString(16).padStart(64, '0')}`;
      return target(id, {
        reference: `v${n}`,
        tags: Array.from({ length: n % 9 }, (_tag, t) => `t${n}-${t}`),
      });
    });
    const { boxes, hidden, width, height } = pictureOf(graphOf(deletion([...multi, ...many])));
    const overlaps = boxes.flatMap((a, at) =>
      boxes
        .slice(at + 1)
        .filter(
          (b) => a.x < b.x + b.width && b.x < a.x + a.width && a.y < b.y + b.height && b.y < a.y + a.height,
        ),
    );
    expect(overlaps).toEqual([]);
    expect(boxes.filter(({ x, y, ...box }) => x + box.width > width || y + box.height > height)).toEqual([]);
    expect(boxes.filter(({ form }) => form === 'manifest')).toHaveLength(40);
    expect(hidden).toBeGreaterThan(260);
  });

  it('does not hang on manifests that hold each other', () => {
    const shown = deletion([
      target(AMD, { children: [ARM] }),
      target(ARM, { children: [AMD] }),
      target(SIG, { children: [SIG] }),
    ]);
    expect(pictureOf(graphOf(shown)).boxes.length).toBeLessThanOrEqual(3);
  });

  it('is empty before there is a plan', () => {
    expect(pictureOf(graphOf({ state: 'planning', plan: null, targets: [] })).boxes).toEqual([]);
  });
});
