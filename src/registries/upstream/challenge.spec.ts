import { describe, expect, it } from 'vitest';
import { parseChallenges } from './challenge.js';

const read = (header: string) =>
  parseChallenges(header).map(({ scheme, parameters }) => [scheme, Object.fromEntries(parameters)]);

describe('WWW-Authenticate', () => {
  it.each([
    ['Basic realm="a registry"', [['basic', { realm: 'a registry' }]]],
    [
      'Bearer realm="https://auth.example/token",service="a, b",scope="repository:x:pull,push"',
      [['bearer', { realm: 'https://auth.example/token', service: 'a, b', scope: 'repository:x:pull,push' }]],
    ],
    ['bearer REALM=x', [['bearer', { realm: 'x' }]]],
    ['Bearer realm="a \\"quoted\\" name"', [['bearer', { realm: 'a "quoted" name' }]]],
    [
      'Negotiate, Basic realm="x"',
      [
        ['negotiate', {}],
        ['basic', { realm: 'x' }],
      ],
    ],
    [
      'Basic realm="a", Bearer realm="b", service=c',
      [
        ['basic', { realm: 'a' }],
        ['bearer', { realm: 'b', service: 'c' }],
      ],
    ],
    ['', []],
    [',,,', []],
    ['"', []],
    ['Bearer realm="never closed', [['bearer', {}]]],
  ])('%s', (header, challenges) => {
    expect(read(header).slice(0, challenges.length || 1)).toEqual(challenges);
  });

  it('of a hostile length is read to its end', () => {
    expect(read(`Bearer ${'a="b",'.repeat(20_000)}`)).toHaveLength(1);
    expect(read(`Bearer realm="${'\\'.repeat(50_000)}`)[0]?.[0]).toBe('bearer');
  });
});
