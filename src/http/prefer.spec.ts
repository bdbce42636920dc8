import { describe, expect, it } from 'vitest';
import { waitOf } from './prefer.js';

describe('Prefer', () => {
  it.each([
    [undefined, 5_000],
    ['wait=10', 10_000],
    ['WAIT = "2"', 2_000],
    ['wait=0', 0],
    ['respond-async', 0],
    ['handling=lenient, wait=3', 3_000],
    ['wait=99999', 60_000],
    ['wait=-1', 5_000],
    ['wait=soon', 5_000],
    ['', 5_000],
  ])('%j waits %d ms', (prefer, ms) => {
    expect(waitOf(prefer)).toBe(ms);
  });
});
