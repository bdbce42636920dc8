import { describe, expect, it } from 'vitest';
import { digestOf } from '../oci/digest.js';
import { MEDIA_TYPES } from '../oci/media-types.js';
import { parseTag } from '../oci/names.js';
import { candidatesOf, select, type Candidate, type Selector } from './selector.js';
import { EMPTY_SNAPSHOT, type RepositorySnapshot } from './snapshot.js';

const NOW = new Date('2026-11-23T12:00:00Z');
const DAY = 86_400_000;
const NOTHING: Selector = { tags: null, olderThanMs: null, keepNewest: null, untagged: false };
const HELPER = `${digestOf(Buffer.from('v1')).replace(':', '-')}.sig`;

const snapshotOf = (...tags: string[]): RepositorySnapshot => ({
  ...EMPTY_SNAPSHOT,
  tags: new Map(
    tags.map((tag) => [
      parseTag(tag),
      { digest: digestOf(Buffer.from(tag)), mediaType: MEDIA_TYPES.ociManifest },
    ]),
  ),
});

/** Tags and their age in days; null: not known. */
const selectFrom = (selector: Partial<Selector>, ages: Record<string, number | null>) => {
  const rules = { ...NOTHING, ...selector };
  const candidates = candidatesOf(rules, snapshotOf(...Object.keys(ages)), []).map((candidate): Candidate => {
    const days = ages[nameOf(candidate)] ?? null;
    return {
      ...candidate,
      age: days === null ? null : { at: new Date(NOW.getTime() - days * DAY), basis: 'created' },
    };
  });
  return select(rules, candidates, NOW);
};

const nameOf = ({ reference }: Candidate): string =>
  reference.kind === 'tag' ? reference.tag : reference.digest;

const names = (...args: Parameters<typeof selectFrom>): string[] =>
  selectFrom(...args)
    .selected.map(nameOf)
    .sort();

describe('a selector', () => {
  it.each([
    ['every part must be true', { tags: 'dev-*', olderThanMs: 30 * DAY }, ['dev-old']],
    ['a glob alone', { tags: 'dev-*' }, ['dev-new', 'dev-old']],
    ['an age alone', { olderThanMs: 30 * DAY }, ['dev-old', 'v1']],
    ['a glob that matches nothing selects nothing (TRAPS 33)', { tags: 'release-*' }, []],
    ['an age that nothing has selects nothing (TRAPS 33)', { olderThanMs: 9_000 * DAY }, []],
    ['the newest stay', { keepNewest: 1 }, ['dev-old', 'v1']],
    ['more newest than there are keep everything', { keepNewest: 10 }, []],
    ['the newest of those that the glob selects', { tags: 'dev-*', keepNewest: 1 }, ['dev-old']],
    ['new ones count among the newest', { keepNewest: 2, olderThanMs: 30 * DAY }, ['v1']],
    ['both must be true of the same', { keepNewest: 1, olderThanMs: 50 * DAY }, ['v1']],
    ['what is exactly so old is not older', { olderThanMs: 40 * DAY }, ['v1']],
    ['tags have no place among what is untagged', { tags: '*', untagged: true }, []],
  ] as const)('%s', (_, selector, expected) => {
    expect(names(selector, { 'dev-old': 40, 'dev-new': 1, v1: 100 })).toEqual([...expected]);
  });

  it('leaves alone what has no age, and says so', () => {
    const { selected, notes } = selectFrom({ olderThanMs: DAY }, { v1: null, v2: 5 });
    expect(selected.map(nameOf)).toEqual(['v2']);
    expect(notes).toEqual([expect.stringContaining('v1 stays')]);
  });

  it('believes no image that says it was made in 1970 or 1980', () => {
    const years = (year: number) => (NOW.getTime() - Date.UTC(year, 0, 1)) / DAY;
    expect(names({ olderThanMs: DAY }, { epoch: years(1970), dos: years(1980), real: 5 })).toEqual(['real']);
  });

  it('never selects a signature: it goes with its image', () => {
    expect(names({ tags: '*' }, { v1: 1, [HELPER]: 400 })).toEqual(['v1']);
  });

  it('selects what no tag names where it is asked to', () => {
    const digest = digestOf(Buffer.from('untagged'));
    const rules = { ...NOTHING, untagged: true, olderThanMs: 30 * DAY };
    const old = candidatesOf(rules, snapshotOf('v1'), [
      { digest, pushedAt: new Date(NOW.getTime() - 31 * DAY) },
    ]);
    expect(select(rules, old, NOW).selected.map(nameOf)).toEqual([digest]);
    const named = { ...rules, tags: '*' };
    expect(candidatesOf(named, snapshotOf('v1'), [{ digest, pushedAt: new Date(0) }])).toEqual([]);
    const unknown = candidatesOf(rules, snapshotOf('v1'), [{ digest, pushedAt: null }]);
    expect(select(rules, unknown, NOW).selected).toEqual([]);
  });

  it('selects the same whatever order the tags come in', () => {
    const ages = { a: 5, b: 5, c: 5 };
    const turned = { c: 5, b: 5, a: 5 };
    expect(names({ keepNewest: 1 }, ages)).toEqual(names({ keepNewest: 1 }, turned));
  });
});
