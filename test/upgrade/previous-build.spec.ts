import { describe, expect, it } from 'vitest';
import { leadsTo } from './previous-build.js';

describe('an upgrade', () => {
  it.each([
    [true, 'adds migrations at the end', ['1-a'], ['1-a', '2-b']],
    [false, 'adds none', ['1-a'], ['1-a']],
    [false, 'comes from nothing', [], ['1-a']],
    [false, 'adds one before what has run', ['1-a', '3-c'], ['1-a', '2-b', '3-c']],
    [false, 'goes on from another name', ['1-a', '2-trace'], ['1-a', '2-operations', '3-c']],
  ])('%s: %s', (isOne, _, before, now) => {
    expect(leadsTo(before, now)).toBe(isOne);
  });
});
