import type { Role } from '../permissions.js';

/** Asymmetric only: with HS* whoever knows the issuer's public key could sign (RFC 8725 §3.1). */
export const OIDC_ALGORITHMS = [
  'RS256',
  'RS384',
  'RS512',
  'PS256',
  'PS384',
  'PS512',
  'ES256',
  'ES384',
  'ES512',
  'EdDSA',
  'Ed25519',
] as const;

/** Whose tokens are accepted, and what in them says who may do what. */
export interface OidcOptions {
  /** Exactly as it stands in `iss`. */
  readonly issuer: string;
  /** One of them must be in `aud`. */
  readonly audience: readonly string[];
  /** Null: as the issuer's discovery document says. */
  readonly jwksUri: string | null;
  readonly algorithms: readonly (typeof OIDC_ALGORITHMS)[number][];
  /** How far the issuer's clock may be off, in milliseconds. */
  readonly clockSkewMs: number;
  readonly roleClaim: string;
  /** By a value of the role claim; the first that a token has counts. Empty: the claim names a role of Sexton. */
  readonly roleMap: ReadonlyMap<string, Role>;
  /** Of a token whose role claim names none; null: such a token may do nothing. */
  readonly defaultRole: Role | null;
  readonly scopesClaim: string;
  readonly nameClaim: string;
  /** Public client for log-in from a browser; null: there is none. */
  readonly clientId: string | null;
  /** PEM of authorities to trust instead of the system's. */
  readonly tlsCa: string | null;
}
