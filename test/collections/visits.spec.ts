import { expect, it } from 'vitest';
import { Visits } from '../../src/collections/engine/repository-mark.js';

it.each([2, 2 ** 15 - 1, 2 ** 15, 2 ** 21])(
  'the last of %i repositories meets and follows each once',
  (last) => {
    const visits = new Visits(last);
    visits.see(7, last - 1);
    visits.enter(7, last - 1);
    expect(visits.wasSeen(7, last)).toBe(false);
    expect(visits.see(7, last)).toBe(true);
    expect(visits.see(7, last)).toBe(false);
    expect(visits.enter(7, last)).toBe(true);
    expect(visits.enter(7, last)).toBe(false);
    expect(visits.wasSeen(7, last)).toBe(true);
    expect(visits.wasSeen(7, last - 1)).toBe(false);
  },
);
