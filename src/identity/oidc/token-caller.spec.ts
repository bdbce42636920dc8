import { describe, expect, it } from 'vitest';
import { SextonError } from '../../errors/sexton-error.js';
import type { Caller } from '../caller.js';
import type { Role } from '../permissions.js';
import { callerOfToken } from './token-caller.js';

const READING = {
  issuer: 'https://login.internal',
  roleClaim: 'roles',
  roleMap: new Map<string, Role>(),
  defaultRole: null,
  scopesClaim: 'sexton_scopes',
  nameClaim: 'preferred_username',
};

const read = (claims: Record<string, unknown>, changes: Partial<typeof READING> = {}): Caller =>
  callerOfToken({ sub: 'ana', roles: ['requester'], ...claims }, { ...READING, ...changes }, '10.0.0.1');

const roleOf = (claims: Record<string, unknown>, changes: Parameters<typeof read>[1] = {}): string => {
  try {
    return read(claims, changes).role;
  } catch (error) {
    if (error instanceof SextonError) return error.code;
    throw error;
  }
};

describe('whom a token names', () => {
  it('is its sub, never to be taken for a key, with a name that people can read', () => {
    expect(read({ preferred_username: ' Ana ' })).toEqual({
      id: 'oidc:ana',
      name: 'Ana',
      role: 'requester',
      scopes: [],
      address: '10.0.0.1',
    });
    expect(read({ sub: 'key_01JD3M2Q8V4T7X9Y1Z5A6B8C0D' }).id).toBe('oidc:key_01JD3M2Q8V4T7X9Y1Z5A6B8C0D');
    for (const name of [undefined, '', 7, 'a\nb', 'a\u202eb']) {
      expect(read({ preferred_username: name }).name).toBe('ana');
    }
    expect(read({ preferred_username: 'x'.repeat(500) }).name).toHaveLength(100);
  });
});

describe('the role of a token', () => {
  it('is the one that its claim names, in a list or alone', () => {
    expect(roleOf({ roles: ['offline_access', 'operator'] })).toBe('operator');
    expect(roleOf({ roles: 'auditor' })).toBe('auditor');
    expect(roleOf({ roles: ['requester', 'admin'] })).toBe('forbidden');
    expect(roleOf({ roles: ['Admin', ' admin', 'admin '] })).toBe('forbidden');
    expect(roleOf({ roles: undefined }, { defaultRole: 'requester' as never })).toBe('requester');
  });

  it('is the first that the map has, and with a map no other', () => {
    const roleMap = new Map<string, Role>([
      ['sexton-ops', 'operator'],
      ['everybody', 'requester'],
    ]);
    expect(roleOf({ roles: ['everybody', 'sexton-ops'] }, { roleMap })).toBe('operator');
    expect(roleOf({ roles: ['admin', 'everybody'] }, { roleMap })).toBe('requester');
    expect(roleOf({ roles: ['admin'] }, { roleMap })).toBe('forbidden');
  });

  it('may stand deep in the token, or under a name with dots, and not in a prototype', () => {
    expect(roleOf({ realm_access: { roles: ['auditor'] } }, { roleClaim: 'realm_access.roles' })).toBe(
      'auditor',
    );
    const url = 'https://company.example/roles';
    expect(roleOf({ [url]: ['auditor'] }, { roleClaim: url })).toBe('auditor');
    expect(roleOf({}, { roleClaim: 'constructor.name' })).toBe('forbidden');
    expect(roleOf({ roles: 'x' }, { roleClaim: 'roles.length.0' })).toBe('forbidden');
  });
});

describe('the scopes of a token', () => {
  it('are a list, or words; what is no scope gives nothing', () => {
    const scopes = ['prod/team-a/**:delete', 'test/**:read'];
    expect(read({ sexton_scopes: scopes }).scopes).toEqual(scopes);
    expect(read({ sexton_scopes: `openid ${scopes.join(' ')} **` }).scopes).toEqual(scopes);
    expect(read({ sexton_scopes: { a: 'prod/**:delete' } }).scopes).toEqual([]);
    expect(
      read({ sexton_scopes: Array.from({ length: 500 }, (_, i) => `prod/r${i}:read`) }).scopes,
    ).toHaveLength(100);
  });
});
