import { Inject, Injectable, type OnApplicationShutdown } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { Request } from 'express';
import { LOGGER, type Logger } from '../../telemetry/logger.js';
import type { Caller } from '../caller.js';
import { tokenInHeader } from '../credential.js';
import { HeaderStrategy } from '../header.strategy.js';
import { IssuerKeys } from './issuer-keys.js';
import type { OidcOptions } from './oidc-options.js';
import { callerOfToken } from './token-caller.js';
import { verifyToken } from './token-verifier.js';

/** Nest token of the issuer's options; null when none is configured. */
export const OIDC_OPTIONS = Symbol('OIDC_OPTIONS');

/** JWTs of the company's OpenID Connect issuer, as Bearer token. */
@Injectable()
export class OidcStrategy extends PassportStrategy(HeaderStrategy, 'oidc') implements OnApplicationShutdown {
  private readonly keys: IssuerKeys | null;

  constructor(
    @Inject(OIDC_OPTIONS) private readonly options: OidcOptions | null,
    @Inject(LOGGER) private readonly log: Logger,
  ) {
    super();
    this.keys = options && new IssuerKeys(options, (error) => this.warn(error));
  }

  /** The caller; false for what is no JWT. Throws why a JWT is refused: whoever holds it can mend that. */
  async validate(request: Request): Promise<Caller | false> {
    const token = tokenInHeader(request.headers.authorization);
    if (token === null || !this.options || !this.keys) return false;
    const claims = await verifyToken(token, this.options, this.keys, (error) => this.warn(error));
    return callerOfToken(claims, this.options, request.ip ?? null);
  }

  async onApplicationShutdown(): Promise<void> {
    await this.keys?.close();
  }

  private warn(error: unknown): void {
    this.log.warn({ err: error }, 'the token issuer cannot be used');
  }
}
