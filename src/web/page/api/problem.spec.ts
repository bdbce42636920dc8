import { describe, expect, it } from 'vitest';
import { problemOf, shownOf } from './problem.js';

const RATE_LIMITED = {
  type: 'about:blank',
  title: 'Too many requests',
  status: 429,
  code: 'rate_limited',
  detail: 'Too many requests. Wait for the time that Retry-After names.',
  errors: [],
  requestId: 'r-1',
};

const shown = (headers: Record<string, string>) =>
  shownOf(problemOf(RATE_LIMITED, new Response(null, { status: 429, headers })));

describe('a problem that passes with time', () => {
  it('says how long, which nobody sees in the header', () => {
    expect(shown({ 'Retry-After': '17' }).wait).toBe('Try again in 17 seconds.');
    expect(shown({ 'Retry-After': '1' }).wait).toBe('Try again in a second.');
  });

  it.each([{}, { 'Retry-After': 'Sun, 29 Nov 2026 12:00:00 GMT' }, { 'Retry-After': '-1' }])(
    'says nothing of a time that nothing names: %s',
    (headers) => {
      expect(shown(headers).wait).toBeNull();
    },
  );
});
