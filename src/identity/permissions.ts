export const ROLES = ['requester', 'approver', 'operator', 'auditor', 'admin'] as const;

export type Role = (typeof ROLES)[number];

export const PERMISSIONS = [
  'deletions:create',
  'deletions:read',
  'deletions:cancel',
  'deletions:execute',
  'deletions:restore',
  'registries:read',
  'audit:read',
  'audit:verify',
  'keys:manage',
] as const;

export type Permission = (typeof PERMISSIONS)[number];

const READ: readonly Permission[] = ['deletions:read', 'registries:read', 'audit:read'];
const ASK: readonly Permission[] = [
  'deletions:create',
  'deletions:cancel',
  'deletions:execute',
  'deletions:restore',
];

/** What each role may do at all; scopes then say where (scope.ts). A permission that is not listed is not given. */
const BY_ROLE: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  requester: new Set([...READ, ...ASK]),
  approver: new Set(READ),
  operator: new Set([...READ, ...ASK]),
  auditor: new Set([...READ, 'audit:verify']),
  admin: new Set(PERMISSIONS),
};

export const roleMay = (role: Role, permission: Permission): boolean => BY_ROLE[role].has(permission);
