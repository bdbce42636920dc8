import { describe, expect, it } from 'vitest';
import { hrefOf, parseRoute } from '../routing/route.js';
import { auditFilters, queryOfForm, searchOf, toLocalField } from './audit-filters.js';

describe('the filters of the audit log', () => {
  it('come back from the address as they went into it', () => {
    const filters = { q: 'CVE "end of life" -test', repository: 'team-a/app', action: 'target.deleted' };
    expect(auditFilters(parseRoute(hrefOf(['audit'], filters)).query)).toEqual(filters);
  });

  it('hold only what is a filter and narrows', () => {
    expect(auditFilters({ registry: ' prod ', code: ' ', limit: '5000', cursor: 'x' })).toEqual({
      registry: 'prod',
    });
  });

  it('keep moments, whatever the time zone of the field is', () => {
    const query = queryOfForm({ since: '2026-11-23T10:30', until: 'never' });
    expect(toLocalField(query['since'])).toBe('2026-11-23T10:30');
    expect(query['since']).toMatch(/Z$/);
    expect(auditFilters(query)).toEqual({ since: query['since'] });
    expect(toLocalField('yesterday')).toBe('');
  });

  it.each(['2026-11-23T10:30:15', '2026-11-23T10:30:15.250', '2026-11-23T10:30:00.250'])(
    'keep the seconds of a moment that has them: %s',
    (text) => {
      const { since } = queryOfForm({ since: text });
      expect(toLocalField(since)).toBe(text);
    },
  );

  it('are asked of the API by the same names', () => {
    expect(searchOf({ q: 'a b', tag: 'v1' }).toString()).toBe('q=a+b&tag=v1');
  });
});
