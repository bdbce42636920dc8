import { Injectable } from '@nestjs/common';
import type { Request } from 'express';
import { SextonError } from '../errors/sexton-error.js';
import { ApiKeyStrategy } from './api-key.strategy.js';
import { OidcStrategy } from './oidc/oidc.strategy.js';

/** Whether the credential of a request is still good, for answers that go on for long after it was checked. */
@Injectable()
export class StandingCredential {
  constructor(
    private readonly apiKeys: ApiKeyStrategy,
    private readonly oidc: OidcStrategy,
  ) {}

  /**
   * False once the key was revoked or rotated, or the key or token has expired. An issuer that is away ends nothing; what
   * the database throws is thrown.
   */
  async isGood(request: Request): Promise<boolean> {
    try {
      return Boolean((await this.apiKeys.validate(request)) || (await this.oidc.validate(request)));
    } catch (error) {
      if (!(error instanceof SextonError)) throw error;
      return error.code === 'issuer_unavailable';
    }
  }
}
