import { describe, expect, it } from 'vitest';
import { collectionOptions, HOUR, NIGHT } from '../../test/support/collections.js';
import type { EngineOptions } from './collection-options.js';
import { restorableUntil } from './restorable-until.js';

const goneAt = new Date(NIGHT);
const until = (engine: EngineOptions, changes: Parameters<typeof collectionOptions>[1] = {}) => {
  const options = collectionOptions(engine, changes);
  return restorableUntil(new Map([[options.registry, options]]))('prod', goneAt);
};

describe('what went', () => {
  it('is sure to be there for the retention where Sexton collects, even where an operator collects at once', () => {
    const at = new Date(NIGHT + 7 * 24 * HOUR);
    expect(until({ kind: 'sexton', storage: '/registry', threads: 0 })).toEqual(at);
  });

  it('is there until the next window where another engine collects', () => {
    expect(until({ kind: 'harbor', workers: 1 })).toEqual(new Date(NIGHT + HOUR));
    expect(until({ kind: 'harbor', workers: 1 }, { rules: { windows: [], blackouts: [] } })).toBeNull();
  });

  it('has no known end where nothing collects', () => {
    expect(until({ kind: 'none' })).toBeNull();
    expect(restorableUntil(new Map())('prod', goneAt)).toBeNull();
  });
});
