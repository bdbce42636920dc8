import { Inject, Injectable } from '@nestjs/common';
import { ulid } from 'ulid';
import { z } from 'zod';
import { AuditLog } from '../audit/audit-log.js';
import { DATABASE, type Db } from '../database/database.js';
import { SextonError } from '../errors/sexton-error.js';
import { decodeCursor, encodeCursor } from '../http/cursor.js';
import { generateApiKey } from './api-key.js';
import type { ApiKeyView, CreateApiKey, ListApiKeys } from './api-keys.dto.js';
import { ApiKeysStore, type ApiKeyRow } from './api-keys.store.js';
import type { Caller } from './caller.js';

const cursorSchema = z.object({ before: z.string() });
const SEXTON_ITSELF = { id: 'sexton', name: 'Sexton', address: null };

/** API keys: made, listed and revoked, each in the audit log in the same transaction. */
@Injectable()
export class ApiKeysService {
  constructor(
    @Inject(DATABASE) private readonly db: Db,
    private readonly store: ApiKeysStore,
    private readonly audit: AuditLog,
  ) {}

  /** The secret is in this answer and nowhere else. */
  async create(
    caller: Caller,
    request: CreateApiKey,
    requestId: string,
  ): Promise<ApiKeyView & { secret: string }> {
    const secret = generateApiKey();
    const id = await this.insert(request, secret, caller, requestId);
    return { ...viewOf(await this.existing(id)), secret };
  }

  async list(query: ListApiKeys): Promise<{ items: ApiKeyView[]; nextCursor: string | null }> {
    const before = query.cursor === undefined ? null : decodeCursor(query.cursor, cursorSchema).before;
    const rows = await this.store.page(before, query.limit + 1);
    const items = rows.slice(0, query.limit).map(viewOf);
    const last = items.at(-1);
    return {
      items,
      nextCursor: last && rows.length > query.limit ? encodeCursor({ before: last.id }) : null,
    };
  }

  /** Takes effect at the key's next request. Revoking twice is `not_found`. */
  async revoke(caller: Caller, id: string, requestId: string): Promise<void> {
    const row = await this.store.find(id);
    await this.db.transaction().execute(async (tx) => {
      if (!row || !(await this.store.revoke(tx, id, new Date()))) {
        throw new SextonError('not_found', { detail: 'There is no such API key, or it is revoked' });
      }
      await this.audit.record(tx, {
        action: 'api_key.revoked',
        outcome: 'succeeded',
        actor: caller,
        requestId,
        details: { key: id, name: row.name },
      });
    });
  }

  /**
   * Makes sure that somebody can administer: the configured key, or, while there is no active admin key at all, a new
   * one, which is returned to be shown once.
   */
  async ensureAdmin(configured: string | null): Promise<string | null> {
    const admin: CreateApiKey = { name: 'first admin', role: 'admin', scopes: [] };
    if (configured !== null) {
      if (!(await this.store.findBySecret(configured))) {
        await this.insert({ ...admin, name: 'SEXTON_ADMIN_KEY' }, configured, SEXTON_ITSELF, null);
      }
      return null;
    }
    if (await this.store.hasActiveAdmin(new Date())) return null;
    const secret = generateApiKey();
    await this.insert(admin, secret, SEXTON_ITSELF, null);
    return secret;
  }

  private async insert(
    request: CreateApiKey,
    secret: string,
    actor: { id: string; name: string; address: string | null },
    requestId: string | null,
  ): Promise<string> {
    const id = `key_${ulid()}`;
    await this.db.transaction().execute(async (tx) => {
      await this.store.insert(tx, {
        id,
        name: request.name,
        secret,
        role: request.role,
        scopes: request.scopes,
        createdAt: new Date(),
        createdBy: actor.id,
        expiresAt: request.expiresAt === undefined ? null : new Date(request.expiresAt),
      });
      await this.audit.record(tx, {
        action: 'api_key.created',
        outcome: 'succeeded',
        actor,
        requestId,
        details: { key: id, name: request.name, role: request.role, scopes: request.scopes },
      });
    });
    return id;
  }

  private async existing(id: string): Promise<ApiKeyRow> {
    const row = await this.store.find(id);
    if (!row) throw new SextonError('not_found');
    return row;
  }
}

const viewOf = (row: ApiKeyRow): ApiKeyView => ({
  id: row.id,
  name: row.name,
  prefix: row.prefix,
  role: row.role,
  scopes: row.scopes,
  createdAt: row.created_at.toISOString(),
  createdBy: row.created_by,
  expiresAt: row.expires_at?.toISOString() ?? null,
  revokedAt: row.revoked_at?.toISOString() ?? null,
  lastUsedAt: row.last_used_at?.toISOString() ?? null,
});
