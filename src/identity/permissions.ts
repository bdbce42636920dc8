export const ROLES = ['requester', 'approver', 'operator', 'auditor', 'admin'] as const;

export type Role = (typeof ROLES)[number];

export const PERMISSIONS = [
  'deletions:create',
  'deletions:read',
  'deletions:cancel',
  'deletions:execute',
  'deletions:restore',
  'registries:read',
  'collections:read',
  'collections:report',
  'collections:create',
  'collections:run',
  'audit:read',
  'audit:verify',
  'keys:manage',
] as const;

export type Permission = (typeof PERMISSIONS)[number];

const READ: readonly Permission[] = ['deletions:read', 'registries:read', 'collections:read', 'audit:read'];
const ASK: readonly Permission[] = [
  'deletions:create',
  'deletions:cancel',
  'deletions:execute',
  'deletions:restore',
  'collections:create',
];
/** `run`: out of windows, dry runs, cancel and undo; `report`: what every repository of a registry holds. */
const COLLECT: readonly Permission[] = ['collections:run', 'collections:report'];

/** What each role may do at all; scopes then say where (scope.ts). A permission that is not listed is not given. */
const BY_ROLE: Readonly<Record<Role, ReadonlySet<Permission>>> = {
  requester: new Set([...READ, ...ASK]),
  approver: new Set(READ),
  operator: new Set([...READ, ...ASK, ...COLLECT]),
  auditor: new Set([...READ, 'audit:verify', 'collections:report']),
  admin: new Set(PERMISSIONS),
};

export const roleMay = (role: Role, permission: Permission): boolean => BY_ROLE[role].has(permission);
