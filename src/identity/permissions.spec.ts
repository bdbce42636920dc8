import { describe, expect, it } from 'vitest';
import { PERMISSIONS, ROLES, roleMay, type Permission, type Role } from './permissions.js';

const given = (role: Role): readonly string[] =>
  PERMISSIONS.filter((permission) => roleMay(role, permission));
const holders = (permission: Permission): readonly Role[] =>
  ROLES.filter((role) => roleMay(role, permission));
const READS = /:(read|report|verify|export)$/;

describe('a role', () => {
  it('that is admin may do everything, and only an admin manages keys and webhooks', () => {
    expect(given('admin')).toEqual(PERMISSIONS);
    expect(holders('keys:manage')).toEqual(['admin']);
    expect(holders('webhooks:manage')).toEqual(['admin']);
  });

  it('that is auditor changes nothing, reads everything, verifies and exports the audit log', () => {
    expect(given('auditor').filter((permission) => !READS.test(permission))).toEqual([]);
    expect(PERMISSIONS.filter((permission) => READS.test(permission))).toEqual(given('auditor'));
    expect(holders('audit:verify')).toEqual(['auditor', 'admin']);
    expect(holders('audit:export')).toEqual(['auditor', 'admin']);
  });

  it('that is approver decides about what others asked for, and asks for nothing', () => {
    expect(given('approver').filter((permission) => !READS.test(permission))).toEqual([
      'deletions:approve',
      'holds:lift-legal',
    ]);
    expect(holders('deletions:approve')).toEqual(['approver', 'admin']);
  });

  it('sees deletions, registries, holds and the audit log, whichever it is; scopes say which', () => {
    for (const role of ROLES) {
      expect(given(role)).toEqual(
        expect.arrayContaining(['deletions:read', 'registries:read', 'holds:read', 'audit:read']),
      );
    }
  });

  it('that is requester or operator may ask for deletions; only an operator holds, pauses and collects', () => {
    expect(holders('deletions:create')).toEqual(['requester', 'operator', 'admin']);
    for (const permission of ['holds:write', 'pauses:write', 'collections:run'] as const) {
      expect(holders(permission)).toEqual(['operator', 'admin']);
    }
  });
});
