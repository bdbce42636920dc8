import { decodeTime, isValid } from 'ulid';
import { expect, it } from 'vitest';
import { newId } from './new-id.js';

it('makes ULIDs of this moment, all different, and with every character at every random place', () => {
  const before = Date.now();
  const ids = Array.from({ length: 2_000 }, newId);
  const after = Date.now();
  for (const id of ids) {
    expect(isValid(id)).toBe(true);
    expect(decodeTime(id)).toBeGreaterThanOrEqual(before);
    expect(decodeTime(id)).toBeLessThanOrEqual(after);
  }
  expect(new Set(ids.map((id) => id.slice(10))).size).toBe(ids.length);
  for (let place = 10; place < 26; place += 1) {
    expect(new Set(ids.map((id) => id[place])).size).toBe(32);
  }
});
