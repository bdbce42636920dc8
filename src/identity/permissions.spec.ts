import { describe, expect, it } from 'vitest';
import { PERMISSIONS, ROLES, roleMay, type Role } from './permissions.js';

const given = (role: Role): readonly string[] =>
  PERMISSIONS.filter((permission) => roleMay(role, permission));
const READS = /:(read|report|verify)$/;

describe('a role', () => {
  it('that is admin may do everything, and only an admin manages keys', () => {
    expect(given('admin')).toEqual(PERMISSIONS);
    expect(ROLES.filter((role) => roleMay(role, 'keys:manage'))).toEqual(['admin']);
  });

  it('that is auditor or approver changes nothing by itself, and an auditor verifies the audit log', () => {
    for (const role of ['auditor', 'approver'] as const) {
      expect(given(role).filter((permission) => !READS.test(permission))).toEqual([]);
    }
    expect(roleMay('auditor', 'audit:verify')).toBe(true);
  });

  it('sees deletions, registries and the audit log, whichever it is; scopes say which', () => {
    for (const role of ROLES) {
      expect(given(role)).toEqual(
        expect.arrayContaining(['deletions:read', 'registries:read', 'audit:read']),
      );
    }
  });

  it('that is requester or operator may ask for deletions', () => {
    expect(ROLES.filter((role) => roleMay(role, 'deletions:create'))).toEqual([
      'requester',
      'operator',
      'admin',
    ]);
  });
});
