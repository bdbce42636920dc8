export interface TokenUser {
  readonly password: string;
  /** Actions by resource, such as `{ 'team-a/app': ['pull', 'delete'] }`; `*` is every repository. */
  readonly access: Readonly<Record<string, readonly string[]>>;
}

interface Access {
  readonly type: string;
  readonly name: string;
  readonly actions: readonly string[];
}

/**
 * `type:name:actions`, where the name may hold a colon itself (a host with its port), so only the first and the last
 * one separate (spec/auth/scope.md). Null for anything else.
 */
const parseScope = (scope: string): Access | null => {
  const [, type, name, actions] = /^([a-z]+):(.+):([a-z*,]+)$/.exec(scope) ?? [];
  if (type === undefined || name === undefined || actions === undefined) return null;
  return { type, name, actions: actions.split(',') };
};

/** What was asked for and is allowed; what is left of nothing is not named. The catalog is the resource `catalog`. */
export const grantedAccess = (asked: readonly string[], allowed: TokenUser['access']): readonly Access[] =>
  asked.flatMap((scope) => {
    const access = parseScope(scope);
    if (access === null) return [];
    const rights = new Set([...(allowed[access.name] ?? []), ...(allowed['*'] ?? [])]);
    const actions = access.actions.filter((action) => rights.has(action) || rights.has('*'));
    return actions.length > 0 ? [{ ...access, actions }] : [];
  });
