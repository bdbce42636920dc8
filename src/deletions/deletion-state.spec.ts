import { describe, expect, it } from 'vitest';
import {
  DELETION_STATES,
  finalState,
  hasEnded,
  isSettled,
  mayFollow,
  statesBefore,
} from './deletion-state.js';

describe('the states of a deletion', () => {
  it('lead from planning to an end, and from an end nowhere but to restored', () => {
    for (const state of DELETION_STATES.filter(hasEnded)) {
      const after = DELETION_STATES.filter((next) => mayFollow(state, next));
      expect(after.filter((next) => next !== 'restored')).toEqual([]);
    }
  });

  it('never run what was refused, rejected, cancelled or expired', () => {
    for (const state of ['refused', 'rejected', 'cancelled', 'expired', 'failed', 'succeeded'] as const) {
      expect(mayFollow(state, 'queued')).toBe(false);
      expect(mayFollow(state, 'running')).toBe(false);
    }
    expect(statesBefore('running')).toEqual(['queued']);
  });

  it('may be cancelled until the work begins, not while it runs', () => {
    expect(statesBefore('cancelled').sort()).toEqual(['awaiting_approval', 'planned', 'planning', 'queued']);
  });

  it('expire where other people did not approve in time, and a plan never does', () => {
    expect(statesBefore('expired')).toEqual(['awaiting_approval']);
  });

  it('keep a client waiting while Sexton works by itself, and only then', () => {
    expect(DELETION_STATES.filter((state) => !isSettled(state))).toEqual(['planning', 'queued', 'running']);
  });
});

describe('the final state', () => {
  it.each([
    [['deleted', 'untagged', 'already_absent'], 'succeeded'],
    [['deleted', 'tag_moved'], 'partially_succeeded'],
    [['refused', 'failed', 'tag_moved'], 'failed'],
    [[], 'succeeded'],
  ] as const)('of %j is %s', (outcomes, state) => {
    expect(finalState([...outcomes])).toBe(state);
  });
});
