import {
  createRemoteJWKSet,
  customFetch,
  type FlattenedJWSInput,
  type JWSHeaderParameters,
  type RemoteJWKSet,
} from 'jose';
import { z } from 'zod';
import { SextonError } from '../../errors/sexton-error.js';
import { IssuerHttp } from './issuer-http.js';
import type { OidcOptions } from './oidc-options.js';

/** Keys are read again after this long, beside the requests that use them. */
const REFRESH_MS = 10 * 60_000;
/** Least time between two tries, whether a token names an unknown key or the issuer does not answer. */
const COOLDOWN_MS = 30_000;
/** While the issuer is away, its known keys go on working this long. */
const LONGEST_UNCONFIRMED_MS = 24 * 3_600_000;

/** OpenID Connect Discovery 1.0 §3, as far as it is used here. */
const discoverySchema = z.object({ issuer: z.string(), jwks_uri: z.url() });

/** The issuer's signing keys: read when first needed, kept while it is away, read again when a token names a new one. */
export class IssuerKeys {
  private readonly http: IssuerHttp;
  private keys: RemoteJWKSet | null = null;
  private discovering: Promise<RemoteJWKSet> | null = null;
  private readAtMs = -Infinity;
  private failedAtMs = -Infinity;

  constructor(
    private readonly options: OidcOptions,
    private readonly onFault: (error: unknown) => void,
  ) {
    this.http = new IssuerHttp(options);
  }

  /**
   * The key that a token's header names; throws jose's `JWKSNoMatchingKey` when the issuer has none such, and
   * `issuer_unavailable` when that cannot be known.
   */
  readonly find = async (header: JWSHeaderParameters, token: FlattenedJWSInput) => {
    const keys = this.keys ?? (await this.discover());
    const ageMs = Date.now() - this.readAtMs;
    if (ageMs > LONGEST_UNCONFIRMED_MS) await keys.reload();
    else if (ageMs > REFRESH_MS) keys.reload().catch(() => undefined);
    return keys(header, token);
  };

  async close(): Promise<void> {
    await this.http.close();
  }

  private discover(): Promise<RemoteJWKSet> {
    this.discovering ??= this.jwksUri()
      .then((uri) => {
        this.keys = createRemoteJWKSet(new URL(uri), {
          cacheMaxAge: Infinity,
          cooldownDuration: COOLDOWN_MS,
          [customFetch]: async (url) => {
            const json = await this.read(url);
            this.readAtMs = Date.now();
            return Response.json(json);
          },
        });
        return this.keys;
      })
      .finally(() => {
        this.discovering = null;
      });
    return this.discovering;
  }

  private async jwksUri(): Promise<string> {
    const { issuer, jwksUri } = this.options;
    if (jwksUri !== null) return jwksUri;
    const document = discoverySchema.safeParse(await this.read(discoveryUrl(issuer)));
    // An issuer other than the one that was asked could hand out its own keys (OpenID Connect Discovery 1.0 §4.3).
    if (!document.success || document.data.issuer !== issuer) {
      throw this.unavailable(new Error(`${discoveryUrl(issuer)} does not describe ${issuer}`));
    }
    const uri = new URL(document.data.jwks_uri);
    if (uri.protocol !== 'https:' && uri.protocol !== new URL(issuer).protocol) {
      throw this.unavailable(new Error(`the issuer's jwks_uri is not https`));
    }
    return uri.href;
  }

  private async read(url: string): Promise<unknown> {
    if (Date.now() - this.failedAtMs < COOLDOWN_MS) throw issuerUnavailable(null);
    try {
      return await this.http.json(url);
    } catch (error) {
      throw this.unavailable(error);
    }
  }

  private unavailable(error: unknown): SextonError {
    this.failedAtMs = Date.now();
    this.onFault(error);
    return issuerUnavailable(error);
  }
}

/** Where an issuer describes itself (OpenID Connect Discovery 1.0 §4). */
export const discoveryUrl = (issuer: string): string =>
  `${issuer.replace(/\/$/, '')}/.well-known/openid-configuration`;

const issuerUnavailable = (cause: unknown): SextonError =>
  new SextonError('issuer_unavailable', {
    detail: 'The issuer of the token does not answer, so that its signature cannot be checked',
    retryAfterMs: COOLDOWN_MS,
    cause,
  });
