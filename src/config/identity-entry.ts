import type { OidcOptions } from '../identity/oidc/oidc-options.js';
import type { IdentityEntry } from './identity.schema.js';
import { ms, type EntrySources } from './registry-entry.js';
import { readAuthorities } from './secret-files.js';

/** The issuer of sexton.yaml, with the file that it names; null when there is none. */
export const oidcOptionsOf = ({ oidc }: IdentityEntry, sources: EntrySources): OidcOptions | null => {
  if (!oidc) return null;
  const fail = (message: string): void => {
    sources.faults.push({ path: 'identity.oidc.caFile', message });
  };
  return {
    issuer: oidc.issuer,
    audience: [oidc.audience].flat(),
    jwksUri: oidc.jwksUri ?? null,
    algorithms: oidc.algorithms,
    clockSkewMs: ms(oidc.clockSkew),
    roleClaim: oidc.roleClaim,
    roleMap: new Map(Object.entries(oidc.roleMap)),
    defaultRole: oidc.defaultRole ?? null,
    scopesClaim: oidc.scopesClaim,
    nameClaim: oidc.nameClaim,
    clientId: oidc.clientId ?? null,
    tlsCa: oidc.caFile === undefined ? null : readAuthorities(sources.readFile, oidc.caFile, fail),
  };
};
