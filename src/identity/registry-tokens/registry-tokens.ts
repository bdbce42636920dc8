import { createHash } from 'node:crypto';
import { Injectable } from '@nestjs/common';
import { decodeProtectedHeader, errors, jwtVerify, SignJWT, type JWTPayload } from 'jose';
import { SextonError } from '../../errors/sexton-error.js';
import { ApiKeysStore, type ApiKeyRow } from '../api-keys.store.js';
import { TokenSecretsStore } from './token-secrets.store.js';

/** The `service` of the challenge, and the audience of its tokens. */
export const REGISTRY_SERVICE = 'sexton';

const LIFE_SECONDS = 300;
const SKEW_SECONDS = 30;
/** Tells our tokens from those of the company's issuer before anything else is read (RFC 8725 §3.11). */
const TYPE = 'sexton-registry+jwt';

export interface RegistryToken {
  readonly token: string;
  readonly expiresInSeconds: number;
  readonly issuedAt: Date;
}

/** Short-lived tokens that stand for an API key at the registry-compatible front, and nowhere else. */
@Injectable()
export class RegistryTokens {
  constructor(
    private readonly secrets: TokenSecretsStore,
    private readonly keys: ApiKeysStore,
  ) {}

  /** A token for the key with this id; `forbidden` for a caller that is no key. */
  async issue(keyId: string): Promise<RegistryToken> {
    const key = await this.keys.find(keyId);
    if (!key) {
      throw new SextonError('forbidden', {
        detail: 'Registry tokens are made of API keys; send a token of the issuer itself as Bearer token',
      });
    }
    const issuedAt = new Date();
    const secret = await this.secrets.current(issuedAt);
    const seconds = Math.floor(issuedAt.getTime() / 1000);
    const token = await new SignJWT({ key: fingerprintOf(key) })
      .setProtectedHeader({ alg: 'HS256', typ: TYPE, kid: secret.id })
      .setIssuer(REGISTRY_SERVICE)
      .setAudience(REGISTRY_SERVICE)
      .setSubject(key.id)
      .setIssuedAt(seconds)
      .setExpirationTime(seconds + LIFE_SECONDS)
      .sign(Buffer.from(secret.secret, 'base64url'));
    return { token, expiresInSeconds: LIFE_SECONDS, issuedAt };
  }

  /**
   * The key that a token stands for, as it is now: revoked, expired or rotated meanwhile, it is null. Null as well for
   * what is no token of ours; `token_expired` for one that was.
   */
  async keyOf(token: string): Promise<ApiKeyRow | null> {
    const now = new Date();
    const claims = await this.verify(token, now);
    const key = claims?.sub === undefined ? null : await this.keys.find(claims.sub);
    if (!key || key.revoked_at || (key.expires_at && key.expires_at <= now)) return null;
    return claims?.['key'] === fingerprintOf(key) ? key : null;
  }

  private async verify(token: string, now: Date): Promise<JWTPayload | null> {
    const kid = ourKid(token);
    const secret = kid === null ? null : await this.secrets.find(kid, now);
    if (!secret) return null;
    try {
      const { payload } = await jwtVerify(token, Buffer.from(secret.secret, 'base64url'), {
        algorithms: ['HS256'],
        typ: TYPE,
        issuer: REGISTRY_SERVICE,
        audience: REGISTRY_SERVICE,
        clockTolerance: SKEW_SECONDS,
        requiredClaims: ['sub', 'exp'],
      });
      return payload;
    } catch (error) {
      if (error instanceof errors.JWTExpired) throw new SextonError('token_expired');
      if (error instanceof errors.JOSEError) return null;
      throw error;
    }
  }
}

const ULID = /^[0-9A-HJKMNP-TV-Z]{26}$/;

/** The `kid` of a token that says it is ours. */
const ourKid = (token: string): string | null => {
  try {
    const { typ, kid } = decodeProtectedHeader(token);
    return typ === TYPE && kid !== undefined && ULID.test(kid) ? kid : null;
  } catch {
    return null;
  }
};

/** Ends the tokens of a key's old secret when the key is rotated. */
const fingerprintOf = (key: ApiKeyRow): string =>
  createHash('sha256').update(key.hash).digest('base64url').slice(0, 16);
