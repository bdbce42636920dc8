import { describe, expect, it } from 'vitest';
import { covers, placeSchema } from './places.js';

describe('where notices are about', () => {
  it.each([
    [['prod/team-a/**'], 'prod', 'team-a/app', true],
    [['prod/team-a/**'], 'prod', 'team-ab/app', false],
    [['prod/team-a/**'], 'test', 'team-a/app', false],
    [['prod/team-a/**', '*/base/*'], 'test', 'base/debian', true],
    // Of a registry as a whole, and of all registries.
    [['prod/team-a/**'], 'prod', null, false],
    [['prod/**'], 'prod', null, true],
    [['prod/**'], null, null, false],
    [['*/**'], null, null, true],
    // A hold's repository is a pattern: one that reaches farther than the place is not told.
    [['prod/team-a/**'], 'prod', 'team-a/**', true],
    [['prod/team-a/**'], 'prod', '**', false],
    [[], 'prod', 'team-a/app', false],
  ])('%j: of %s/%s %s', (places, registry, repository, isCovered) => {
    expect(covers(places, { registry, repository })).toBe(isCovered);
  });

  it.each([
    'prod',
    'prod/',
    '/app',
    '**/app',
    'prod/a**',
    'prod/A',
    'pr od/a',
    'prod/a\u0000',
    `p/${'*a'.repeat(9)}`,
  ])('is not %j', (place) => {
    expect(placeSchema.safeParse(place).success).toBe(false);
  });

  it.each(['*/**', 'prod/app', 'prod/team-a/**', 'pr*/*/x-*'])('may be %j', (place) => {
    expect(placeSchema.safeParse(place).success).toBe(true);
  });
});
