import { Controller, Get, HttpCode, Post, Req, UseFilters } from '@nestjs/common';
import { ApiExcludeController } from '@nestjs/swagger';
import type { Request } from 'express';
import type { Caller } from '../identity/caller.js';
import { CurrentCaller, Requires } from '../identity/decorators.js';
import { RegistryTokens } from '../identity/registry-tokens/registry-tokens.js';
import { FrontErrorFilter } from './front-error.filter.js';
import { scopeOfGrant } from './password-grant.js';

/** What clients of registries expect (distribution, "Token Authentication Specification" and "Oauth2 Token"). */
interface TokenAnswer {
  readonly token: string;
  readonly access_token: string;
  readonly expires_in: number;
  readonly issued_at: string;
}

/**
 * The token flow of Docker: a key for a token that stands for it for five minutes, on the registry's routes alone. What
 * the token may do is what the key may do; a scope that is asked for narrows nothing.
 */
@ApiExcludeController()
@Controller('v2/token')
@UseFilters(FrontErrorFilter)
export class TokenController {
  constructor(private readonly tokens: RegistryTokens) {}

  @Get()
  @Requires('registries:read')
  async get(@CurrentCaller() caller: Caller): Promise<TokenAnswer> {
    return this.answer(caller);
  }

  /** OAuth 2 with `grant_type=password`; the form was made a Basic header before the guard looked (password-grant.ts). */
  @Post()
  @HttpCode(200)
  @Requires('registries:read')
  async post(
    @CurrentCaller() caller: Caller,
    @Req() request: Request,
  ): Promise<TokenAnswer & { scope: string }> {
    return { ...(await this.answer(caller)), scope: scopeOfGrant(request.body) };
  }

  private async answer(caller: Caller): Promise<TokenAnswer> {
    const { token, expiresInSeconds, issuedAt } = await this.tokens.issue(caller.id);
    return {
      token,
      access_token: token,
      expires_in: expiresInSeconds,
      issued_at: issuedAt.toISOString(),
    };
  }
}
