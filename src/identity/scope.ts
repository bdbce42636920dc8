import { z } from 'zod';
import type { Caller } from './caller.js';
import { globCovers, globsMeet } from '../glob/glob-relations.js';
import { globMatcher } from '../glob/glob.js';

export const SCOPE_ACTIONS = ['read', 'delete'] as const;

export type ScopeAction = (typeof SCOPE_ACTIONS)[number];

/**
 * `<registry glob>/<repository glob>:<actions>`, such as `prod/team-a/**:delete,read`. Of wildcards there are only `*`
 * inside one path component and `**` for one or more whole components (glob.ts): `prod/team-a/**` covers everything
 * below team-a, and not a repository `team-a` itself or `team-ab/x`; who needs both lists both.
 */
const COMPONENT = '[a-z0-9*][a-z0-9._*-]*';
const SCOPE = new RegExp(`^([a-z0-9*-]{1,63})/(${COMPONENT}(?:/${COMPONENT})*):([a-z,]+)$`);
const LONGEST = 300;
const MOST_WILDCARDS = 8;

interface Scope {
  readonly registry: (name: string) => boolean;
  readonly repository: (name: string) => boolean;
  readonly actions: ReadonlySet<string>;
  readonly globs: { readonly registry: string; readonly repository: string };
}

const parse = (text: string): Scope | null => {
  if (text.length > LONGEST || (text.match(/\*+/g) ?? []).length > MOST_WILDCARDS) return null;
  const match = SCOPE.exec(text);
  if (!match) return null;
  const [, registry = '', repository = '', actions = ''] = match;
  const components = [registry, ...repository.split('/')];
  if (components.some((component) => component.includes('**') && component !== '**')) return null;
  const named = actions.split(',');
  if (!named.every((action) => (SCOPE_ACTIONS as readonly string[]).includes(action))) return null;
  return {
    registry: globMatcher(registry),
    repository: globMatcher(repository),
    actions: new Set(named),
    globs: { registry, repository },
  };
};

const parsed = new Map<string, Scope>();

const scopeOf = (text: string): Scope | null => {
  const known = parsed.get(text);
  if (known !== undefined) return known;
  if (parsed.size > 10_000) parsed.clear();
  const scope = parse(text);
  if (scope !== null) parsed.set(text, scope);
  return scope;
};

export const scopeSchema = z.string().refine((text) => scopeOf(text) !== null, {
  error: 'must be <registry>/<repository>:<actions> such as prod/team-a/**:delete,read',
});

/** Roles whose work is the whole of Sexton: auditors read everything, admins do everything. */
const seesEverything = (caller: Caller, action: ScopeAction): boolean =>
  caller.role === 'admin' || (caller.role === 'auditor' && action === 'read');

/** Whether the caller's scopes let it do `action` in this repository. The right to delete includes that to read. */
export const mayAct = (caller: Caller, action: ScopeAction, registry: string, repository: string): boolean =>
  seesEverything(caller, action) ||
  caller.scopes.some((text) => {
    const scope = scopeOf(text);
    return scope !== null && acts(scope, action) && scope.registry(registry) && scope.repository(repository);
  });

const acts = ({ actions }: Scope, action: ScopeAction): boolean =>
  actions.has(action) || (action === 'read' && actions.has('delete'));

/** Whether one scope of the caller lets it do `action` in everything that both globs match; `*` is every registry. */
export const mayActOnAll = (
  caller: Caller,
  action: ScopeAction,
  registry: string,
  repositories: string,
): boolean =>
  seesEverything(caller, action) ||
  caller.scopes.some((text) => {
    const scope = scopeOf(text);
    return (
      scope !== null &&
      acts(scope, action) &&
      globCovers(scope.globs.registry, registry) &&
      globCovers(scope.globs.repository, repositories)
    );
  });

/** Whether there can be a repository that the glob matches and in which the caller may do `action`. */
export const mayActOnSome = (
  caller: Caller,
  action: ScopeAction,
  registry: string,
  repositories: string,
): boolean =>
  seesEverything(caller, action) ||
  caller.scopes.some((text) => {
    const scope = scopeOf(text);
    return (
      scope !== null &&
      acts(scope, action) &&
      scope.registry(registry) &&
      globsMeet(scope.globs.repository, repositories)
    );
  });

/** Whether there is anything in this registry for the caller. */
export const maySeeRegistry = (caller: Caller, registry: string): boolean =>
  seesEverything(caller, 'read') || caller.scopes.some((text) => scopeOf(text)?.registry(registry) ?? false);
