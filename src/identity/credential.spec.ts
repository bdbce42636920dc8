import { describe, expect, it } from 'vitest';
import { keyInHeader } from './credential.js';

const basic = (pair: string): string => `Basic ${Buffer.from(pair).toString('base64')}`;

describe('the key in an Authorization header', () => {
  it.each([
    ['a Bearer token', 'Bearer sxt_abc', 'sxt_abc'],
    ['a Bearer token in other letters', 'bEARER  sxt_abc', 'sxt_abc'],
    ['the password of Basic', basic('me:sxt_abc'), 'sxt_abc'],
    ['the password of Basic without a user', basic(':sxt_abc'), 'sxt_abc'],
    ['all after the first colon', basic('me:a:b'), 'a:b'],
  ])('is %s', (_what, header, key) => {
    expect(keyInHeader(header)).toBe(key);
  });

  it.each([
    ['no header', undefined],
    ['an empty one', ''],
    ['no token', 'Bearer '],
    ['two tokens', 'Bearer sxt_abc sxt_def'],
    ['another scheme', 'Digest username="me"'],
    ['no colon in Basic', basic('sxt_abc')],
    ['no base64', 'Basic ???'],
    ['10,000 characters', `Bearer ${'x'.repeat(10_000)}`],
    ['10,000 characters of base64', basic(`me:${'x'.repeat(10_000)}`)],
  ])('is not there in %s', (_what, header) => {
    expect(keyInHeader(header)).toBeNull();
  });
});
