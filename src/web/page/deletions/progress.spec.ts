import { describe, expect, it } from 'vitest';
import type { Deletion } from '../../../public-api/openapi.js';
import { deletionFilters } from './deletion-filters.js';
import { after, progressOf } from './progress.js';

const target = (reference: string, outcome: Deletion['targets'][number]['outcome'] = null) => ({
  ...{
    reference,
    digest: `sha256:${reference}`,
    outcome,
    code: null,
    message: null,
    startedAt: null,
    at: null,
  },
});
const running = { state: 'running', progress: null, targets: [target('v1'), target('v2')] } as const;

describe('the progress of a deletion', () => {
  it('is in the events, one by one', () => {
    let deletion = { ...running, targets: [...running.targets] } as unknown as Deletion;
    expect(progressOf(deletion)).toEqual({ done: 0, total: 2, words: 'Running: 0 of 2 targets done' });
    deletion = after(deletion, { type: 'target', data: target('v2', 'deleted') });
    expect(progressOf(deletion)).toMatchObject({ done: 1 });
    expect(deletion.targets.map(({ outcome }) => outcome)).toEqual([null, 'deleted']);
    deletion = after(deletion, { type: 'end', data: { state: 'succeeded' } });
    expect(progressOf(deletion)).toBeNull();
  });

  it('of planning has no end before the registry was asked', () => {
    const planning = { state: 'planning', progress: null, targets: [] } as const;
    expect(progressOf({ ...planning, targets: [] })).toEqual({ done: 0, total: null, words: 'Planning' });
    const progress = { stage: 'tags', done: 40, total: 100 } as const;
    expect(progressOf({ state: 'planning', progress, targets: [] })?.words).toBe(
      'Planning: 40 of 100 tags resolved',
    );
  });
});

describe('the filters of the list', () => {
  it('hold what the address names, and no state that there is not', () => {
    expect(deletionFilters({ state: 'running', repository: 'team-a/app', limit: '1' })).toEqual({
      state: 'running',
      repository: 'team-a/app',
    });
    expect(deletionFilters({ state: 'nonsense', registry: '' })).toEqual({});
  });
});
