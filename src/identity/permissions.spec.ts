import { describe, expect, it } from 'vitest';
import { PERMISSIONS, ROLES, roleMay } from './permissions.js';

const given = Object.fromEntries(
  ROLES.map((role) => [role, PERMISSIONS.filter((permission) => roleMay(role, permission))]),
);

describe('a role', () => {
  it('is given what this table says, and nothing else', () => {
    const read = ['deletions:read', 'registries:read', 'audit:read'];
    const ask = ['deletions:create', 'deletions:cancel', 'deletions:execute'];
    const sorted = (permissions: readonly string[]) => [...permissions].sort();
    expect(sorted(given['requester'] ?? [])).toEqual(sorted([...read, ...ask]));
    expect(sorted(given['approver'] ?? [])).toEqual(sorted(read));
    expect(sorted(given['operator'] ?? [])).toEqual(sorted([...read, ...ask]));
    expect(sorted(given['auditor'] ?? [])).toEqual(sorted([...read, 'audit:verify']));
    expect(given['admin']).toEqual(PERMISSIONS);
  });
});
