import { describe, expect, it } from 'vitest';
import { hrefOf, parseRoute } from './route.js';

describe('the address', () => {
  it('leads back to where it was made, whatever is in it', () => {
    const query = { q: 'a "b" & c=d?#/é', since: '2026-11-23T10:00:00+02:00', repository: 'team-a/app' };
    expect(parseRoute(hrefOf(['audit'], query))).toEqual({ path: ['audit'], query });
    expect(parseRoute(hrefOf(['deletions', 'a/b?c']))).toEqual({ path: ['deletions', 'a/b?c'], query: {} });
  });

  it('holds nothing that narrows nothing', () => {
    expect(hrefOf(['audit'], { action: '', registry: 'prod' })).toBe('#/audit?registry=prod');
    expect(hrefOf(['holds'])).toBe('#/holds');
  });

  it.each(['', '#', '#/', '#//'])('%j is the beginning', (hash) => {
    expect(parseRoute(hash)).toEqual({ path: ['deletions'], query: {} });
  });

  it('can be mistyped', () => {
    expect(parseRoute('#/deletions/%E0%A4%A')).toEqual({ path: ['deletions', '%E0%A4%A'], query: {} });
  });
});
