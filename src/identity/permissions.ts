export const ROLES = ['requester', 'approver', 'operator', 'auditor', 'admin'] as const;

export type Role = (typeof ROLES)[number];

const ALL = ['requester', 'approver', 'operator', 'auditor'] as const;
const ASKING = ['requester', 'operator'] as const;

/**
 * The one table: which roles have a permission at all; scopes then say where (scope.ts). Admins have every one, and
 * nobody has what is not listed here.
 */
const TABLE = {
  'self:read': ALL,
  'deletions:create': ASKING,
  'deletions:read': ALL,
  'deletions:cancel': ASKING,
  'deletions:execute': ASKING,
  'deletions:restore': ASKING,
  /** Approve and reject; never what one asked for oneself. */
  'deletions:approve': ['approver'],
  'registries:read': ALL,
  'holds:read': ALL,
  'holds:write': ['operator'],
  /** To be one of the two who lift a legal hold. */
  'holds:lift-legal': ['approver', 'operator'],
  'pauses:read': ALL,
  'pauses:write': ['operator'],
  'collections:read': ALL,
  /** What every repository of a registry holds. */
  'collections:report': ['operator', 'auditor'],
  /** Inside a window, as it is configured. */
  'collections:create': ASKING,
  /** Outside of windows; dry runs, cancel and undo. */
  'collections:run': ['operator'],
  'audit:read': ALL,
  'audit:verify': ['auditor'],
  'webhooks:manage': [],
  'keys:manage': [],
} as const satisfies Readonly<Record<string, readonly Exclude<Role, 'admin'>[]>>;

export type Permission = keyof typeof TABLE;

export const PERMISSIONS = Object.keys(TABLE) as readonly Permission[];

export const roleMay = (role: Role, permission: Permission): boolean =>
  role === 'admin' || (TABLE[permission] as readonly Role[]).includes(role);
