import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Caller } from './caller.js';
import { ROLES, type Role } from './permissions.js';
import { mayAct, maySeeRegistry, scopeSchema } from './scope.js';

const caller = (role: Role, ...scopes: string[]): Caller => ({
  id: 'key_1',
  name: 'test',
  role,
  scopes,
  address: null,
});
const component = fc.stringMatching(/^[a-z0-9]{1,6}$/);

describe('a scope', () => {
  it.each([
    ['prod/team-a/**:delete', 'prod', 'team-a/app', true],
    ['prod/team-a/**:delete', 'prod', 'team-a/deep/er/app', true],
    ['prod/team-a/**:delete', 'prod', 'team-a', false],
    ['prod/team-a/**:delete', 'prod', 'team-ab/app', false],
    ['prod/team-a/**:delete', 'test', 'team-a/app', false],
    ['prod/team-a/*:delete', 'prod', 'team-a/app', true],
    ['prod/team-a/*:delete', 'prod', 'team-a/deep/app', false],
    ['prod/**:delete', 'prod', 'anything/at/all', true],
    ['*/app:delete', 'test', 'app', true],
    ['prod/team-*/app:delete', 'prod', 'team-b/app', true],
    ['prod/**/app:delete', 'prod', 'app', false],
    ['prod/**/app:delete', 'prod', 'team-a/deep/app', true],
    ['prod/team-a/**/**:delete', 'prod', 'team-a/app', false],
    ['prod/team-a/**/**:delete', 'prod', 'team-a/deep/app', true],
    ['**/team-a/**:delete', 'prod', 'team-a/app', true],
    ['prod-*/team-a/**:delete', 'prod', 'team-a/app', false],
    ['prod/team-a/app:read', 'prod', 'team-a/app', false],
  ])('%s lets delete in %s/%s: %s', (scope, registry, repository, expected) => {
    expect(mayAct(caller('requester', scope), 'delete', registry, repository)).toBe(expected);
  });

  it('to delete includes that to read, and not the other way round', () => {
    expect(mayAct(caller('requester', 'prod/a/**:delete'), 'read', 'prod', 'a/b')).toBe(true);
    expect(mayAct(caller('requester', 'prod/a/**:read'), 'delete', 'prod', 'a/b')).toBe(false);
  });

  it('below a team never reaches another team, whatever the names', () => {
    fc.assert(
      fc.property(component, component, component, (team, next, app) => {
        const may = mayAct(caller('requester', `prod/${team}/**:delete`), 'delete', 'prod', `${next}/${app}`);
        expect(may).toBe(team === next);
      }),
    );
  });

  it.each([
    'prod/team-a/**',
    'prod:delete',
    'prod/team-a/**:push',
    'prod/team-a/**:',
    'prod/team-{a,b}/**:delete',
    'prod/[a-z]*:delete',
    'prod/!(x):delete',
    'prod/../x:delete',
    'prod/./**:delete',
    'prod/team-a/:delete',
    'prod//team-a:delete',
    'prod/team-a/**:delete,',
    'prod/a/**b:delete',
    'pro**/a:delete',
    'prod/a/***:delete',
    'prod/a**:delete',
    'prod/TEAM/**:delete',
    `prod/${'*a'.repeat(50)}:delete`,
    `prod/${'a'.repeat(400)}:delete`,
    '',
  ])('is refused when it is written %s', (text) => {
    expect(scopeSchema.safeParse(text).success).toBe(false);
    expect(mayAct(caller('requester', text), 'delete', 'prod', 'team-a/app')).toBe(false);
  });
});

describe('a scope with many wildcards', () => {
  it('costs nothing to match against the longest name there is', () => {
    const scope = `prod/${'*a'.repeat(8)}b:delete`;
    expect(scopeSchema.safeParse(scope).success).toBe(true);
    const started = performance.now();
    expect(mayAct(caller('requester', scope), 'delete', 'prod', 'a'.repeat(255))).toBe(false);
    expect(performance.now() - started).toBeLessThan(500);
  });
});

describe('a role', () => {
  it('without scopes sees nothing, but for auditors, who read, and admins', () => {
    for (const role of ROLES) {
      expect(mayAct(caller(role), 'read', 'prod', 'a')).toBe(role === 'auditor' || role === 'admin');
      expect(mayAct(caller(role), 'delete', 'prod', 'a')).toBe(role === 'admin');
      expect(maySeeRegistry(caller(role), 'prod')).toBe(role === 'auditor' || role === 'admin');
    }
  });
});
