import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { Request } from 'express';
import type { Caller } from '../caller.js';
import { tokenInHeader } from '../credential.js';
import { HeaderStrategy } from '../header.strategy.js';
import { RegistryTokens } from './registry-tokens.js';

/** Tokens of the Docker token flow, as Bearer token; only for controllers that are `@TakesRegistryTokens()`. */
@Injectable()
export class RegistryTokenStrategy extends PassportStrategy(HeaderStrategy, 'registry-token') {
  constructor(private readonly tokens: RegistryTokens) {
    super();
  }

  async validate(request: Request): Promise<Caller | false> {
    const token = tokenInHeader(request.headers.authorization);
    const key = token === null ? null : await this.tokens.keyOf(token);
    if (!key) return false;
    return { id: key.id, name: key.name, role: key.role, scopes: key.scopes, address: request.ip ?? null };
  }
}
