import { Injectable } from '@nestjs/common';
import { PassportStrategy } from '@nestjs/passport';
import type { Request } from 'express';
import { SextonError } from '../errors/sexton-error.js';
import { API_KEY_PATTERN } from './api-key.js';
import { ApiKeysStore } from './api-keys.store.js';
import type { Caller } from './caller.js';
import { keyInHeader } from './credential.js';
import { HeaderStrategy } from './header.strategy.js';

/** API keys, as Bearer token or as the password of Basic authentication. */
@Injectable()
export class ApiKeyStrategy extends PassportStrategy(HeaderStrategy, 'api-key') {
  constructor(private readonly keys: ApiKeysStore) {
    super();
  }

  /** The caller, or false. An expired key is told apart, since its owner can mend that. */
  async validate(request: Request): Promise<Caller | false> {
    const secret = keyInHeader(request.headers.authorization);
    if (secret === null || !API_KEY_PATTERN.test(secret)) return false;
    const row = await this.keys.findBySecret(secret);
    const now = new Date();
    if (!row || row.revoked_at) return false;
    if (row.expires_at && row.expires_at <= now) {
      throw new SextonError('key_expired', {
        detail: `API key ${row.name} expired on ${row.expires_at.toISOString()}`,
      });
    }
    await this.keys.noteUse(row, now);
    return { id: row.id, name: row.name, role: row.role, scopes: row.scopes, address: request.ip ?? null };
  }
}
