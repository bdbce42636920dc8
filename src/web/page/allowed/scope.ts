import { globMatcher } from '../../../glob/glob.js';
import type { Me } from '../../../public-api/openapi.js';

export type Permission = Me['permissions'][number];

export const mayAtAll = (me: Me, permission: Permission): boolean => me.permissions.includes(permission);

/**
 * Whether the caller's scopes reach so far, as src/identity/scope.ts judges it. Here it decides only what is offered:
 * in doubt nothing is, and the server decides what is done.
 */
export const isInScope = (
  me: Me,
  action: 'read' | 'delete',
  { registry, repository }: { readonly registry: string; readonly repository: string },
): boolean =>
  me.role === 'admin' ||
  (me.role === 'auditor' && action === 'read') ||
  me.scopes.some((scope) => {
    const match = /^([^/:]+)\/([^:]+):([a-z,]+)$/.exec(scope);
    if (!match) return false;
    const [, registries = '', repositories = '', actions = ''] = match;
    const named = actions.split(',');
    return (
      (named.includes(action) || (action === 'read' && named.includes('delete'))) &&
      globMatcher(registries)(registry) &&
      globMatcher(repositories)(repository)
    );
  });
