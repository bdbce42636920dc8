import type { JWTPayload } from 'jose';
import { z } from 'zod';
import { SextonError } from '../../errors/sexton-error.js';
import { plainLine } from '../../http/plain-text.js';
import type { Caller } from '../caller.js';
import { ROLES, type Role } from '../permissions.js';
import { scopeSchema } from '../scope.js';
import type { OidcOptions } from './oidc-options.js';

/** No key's id begins so, and neither do `sexton` and `anonymous`: nobody's `sub` can be another actor. */
const PREFIX = 'oidc:';
const MOST_SCOPES = 100;
const MOST_NAME = 100;

/** At most 255 ASCII characters (OpenID Connect Core 1.0 §2). */
const subjectSchema = z.string().regex(/^[\x21-\x7e]{1,255}$/);
const nameSchema = plainLine(z.string().trim().min(1));

/** What claims can hold that name roles or scopes: a list, or one text. */
const textsSchema = z.union([z.array(z.unknown()), z.string().transform((text): unknown[] => [text])]);

type Reading = Pick<
  OidcOptions,
  'roleClaim' | 'roleMap' | 'defaultRole' | 'scopesClaim' | 'nameClaim' | 'issuer'
>;

/** Who a verified token is. `unauthenticated` without a usable `sub`, `forbidden` when it names no role. */
export const callerOfToken = (claims: JWTPayload, reading: Reading, address: string | null): Caller => {
  const subject = subjectSchema.safeParse(claims.sub);
  if (!subject.success) {
    throw new SextonError('unauthenticated', { detail: 'The token has no sub of 1 to 255 ASCII characters' });
  }
  const name = nameSchema.safeParse(claimAt(claims, reading.nameClaim));
  return {
    id: `${PREFIX}${subject.data}`,
    name: (name.success ? name.data : subject.data).slice(0, MOST_NAME),
    role: roleOf(claims, reading),
    scopes: scopesOf(claims, reading),
    address,
  };
};

const roleOf = (claims: JWTPayload, { roleClaim, roleMap, defaultRole }: Reading): Role => {
  const values = textsAt(claims, roleClaim);
  if (roleMap.size > 0) {
    const mapped = [...roleMap].find(([value]) => values.includes(value))?.[1] ?? defaultRole;
    if (mapped !== null) return mapped;
    throw noRole(`The token's claim ${roleClaim} holds nothing that identity.oidc.roleMap names`);
  }
  const named = ROLES.filter((role) => values.includes(role));
  const [only = defaultRole] = named;
  if (named.length > 1) {
    throw noRole(
      `The token's claim ${roleClaim} names ${named.join(' and ')}; identity.oidc.roleMap says which of several counts`,
    );
  }
  if (only !== null) return only;
  throw noRole(`The token's claim ${roleClaim} names no role of Sexton`);
};

/** A list, or the words of one text (as `scope` in RFC 8693); what is no scope of Sexton gives nothing. */
const scopesOf = (claims: JWTPayload, { scopesClaim }: Reading): string[] =>
  textsAt(claims, scopesClaim)
    .flatMap((text) => text.split(' '))
    .slice(0, MOST_SCOPES)
    .filter((text) => scopeSchema.safeParse(text).success);

const textsAt = (claims: JWTPayload, path: string): string[] => {
  const texts = textsSchema.safeParse(claimAt(claims, path));
  if (!texts.success) return [];
  return texts.data.filter((value) => typeof value === 'string');
};

/** The claim of exactly this name (`https://company/roles`), else along the dots (`realm_access.roles`). */
const claimAt = (claims: JWTPayload, path: string): unknown =>
  Object.hasOwn(claims, path)
    ? claims[path]
    : path.split('.').reduce<unknown>((value, part) => {
        const parsed = objectSchema.safeParse(value);
        return parsed.success && Object.hasOwn(parsed.data, part) ? parsed.data[part] : undefined;
      }, claims);

const objectSchema = z.record(z.string(), z.unknown());

const noRole = (detail: string): SextonError => new SextonError('forbidden', { detail });
