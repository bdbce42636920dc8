import { Inject, Injectable } from '@nestjs/common';
import { newId } from '../ids/new-id.js';
import { z } from 'zod';
import type { AuditActor } from '../audit/audit-event.js';
import { AuditLog } from '../audit/audit-log.js';
import { DATABASE, type Db, type Tx } from '../database/database.js';
import { SextonError } from '../errors/sexton-error.js';
import { pagingOf } from '../http/cursor.js';
import { invalidRequest } from '../http/validation.js';
import { viewOf } from './api-key-view.js';
import { generateApiKey } from './api-key.js';
import type { ApiKeyView, CreateApiKey, ListApiKeys } from './api-keys.dto.js';
import { ApiKeysStore, type ApiKeyRow } from './api-keys.store.js';
import type { Caller } from './caller.js';

const KEY_ID = /^key_[0-9A-Z]{26}$/;
const cursorSchema = z.object({ before: z.string().regex(KEY_ID) });
const SEXTON_ITSELF: AuditActor = { id: 'sexton', name: 'Sexton', address: null };

type WithSecret = ApiKeyView & { readonly secret: string };

/** API keys: made, listed, rotated and revoked, each in the audit log in the same transaction. */
@Injectable()
export class ApiKeysService {
  constructor(
    @Inject(DATABASE) private readonly db: Db,
    private readonly store: ApiKeysStore,
    private readonly audit: AuditLog,
  ) {}

  /** The secret is in this answer and nowhere else. */
  async create(caller: Caller, request: CreateApiKey, requestId: string): Promise<WithSecret> {
    if (request.expiresAt !== undefined && new Date(request.expiresAt) <= new Date()) {
      throw invalidRequest([{ path: ['expiresAt'], message: 'must be in the future' }]);
    }
    const secret = generateApiKey();
    const row = await this.db
      .transaction()
      .execute((tx) => this.insert(tx, request, secret, caller, requestId));
    return { ...viewOf(row), secret };
  }

  async list(query: ListApiKeys): Promise<{ items: ApiKeyView[]; nextCursor: string | null }> {
    const paging = pagingOf('api-keys', query, cursorSchema);
    const before = paging.position?.before ?? null;
    const rows = await this.store.page(before, query.limit + 1);
    const items = rows.slice(0, query.limit).map(viewOf);
    const last = items.at(-1);
    return {
      items,
      nextCursor: last && rows.length > query.limit ? paging.cursorAfter({ before: last.id }) : null,
    };
  }

  /**
   * A new secret for the same key, whose id, role and scopes stay; the old secret ends with its next request. It is
   * kept as a revoked key, so that a rotated `SEXTON_ADMIN_KEY` does not come back at the next start.
   */
  async rotate(caller: Caller, id: string, requestId: string): Promise<WithSecret> {
    const secret = generateApiKey();
    const old = await this.existing(id);
    const now = new Date();
    const row = await this.db.transaction().execute(async (tx) => {
      const rotated = await this.store.replaceSecret(tx, old, secret, caller.id, now);
      if (!rotated) {
        throw new SextonError('not_found', {
          detail: 'The API key is revoked or expired, or was rotated just now',
        });
      }
      const retired = await this.store.insertRetired(tx, { ...old, id: `key_${newId()}`, revoked_at: now });
      await this.audit.record(tx, {
        action: 'api_key.rotated',
        outcome: 'succeeded',
        actor: caller,
        requestId,
        details: { key: id, name: old.name, retired },
      });
      return rotated;
    });
    return { ...viewOf(row), secret };
  }

  /** Takes effect at the key's next request. Revoking twice is `not_found`. */
  async revoke(caller: Caller, id: string, requestId: string): Promise<void> {
    const row = await this.existing(id);
    await this.db.transaction().execute(async (tx) => {
      if (!(await this.store.revoke(tx, id, new Date()))) throw unknownKey();
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
   * Makes sure that somebody can administer: the configured key, unless it was revoked, or, while there is no active
   * admin key at all, a new one, which is returned to be shown once. Processes that start at once do this in turn.
   */
  async ensureAdmin(configured: string | null): Promise<string | null> {
    const admin: CreateApiKey = { name: 'first admin', role: 'admin', scopes: [] };
    return this.db.transaction().execute(async (tx) => {
      await this.store.lockKeys(tx);
      if (configured !== null && !(await this.store.findBySecretIn(tx, configured))) {
        await this.insert(tx, { ...admin, name: 'SEXTON_ADMIN_KEY' }, configured, SEXTON_ITSELF, null);
      }
      if (await this.store.hasActiveAdmin(new Date(), tx)) return null;
      const secret = generateApiKey();
      await this.insert(tx, admin, secret, SEXTON_ITSELF, null);
      return secret;
    });
  }

  private async insert(
    tx: Tx,
    request: CreateApiKey,
    secret: string,
    actor: AuditActor,
    requestId: string | null,
  ): Promise<ApiKeyRow> {
    const { name, role, scopes, owner, expiresAt } = request;
    const row = await this.store.insert(tx, {
      id: `key_${newId()}`,
      name,
      secret,
      role,
      scopes,
      createdAt: new Date(),
      createdBy: actor.id,
      owner: owner ?? null,
      expiresAt: expiresAt === undefined ? null : new Date(expiresAt),
    });
    await this.audit.record(tx, {
      action: 'api_key.created',
      outcome: 'succeeded',
      actor,
      requestId,
      details: {
        key: row.id,
        name,
        role,
        scopes,
        owner: row.owner,
        expiresAt: row.expires_at?.toISOString() ?? null,
      },
    });
    return row;
  }

  private async existing(id: string): Promise<ApiKeyRow> {
    const row = KEY_ID.test(id) ? await this.store.find(id) : null;
    if (!row) throw unknownKey();
    return row;
  }
}

const unknownKey = (): SextonError =>
  new SextonError('not_found', { detail: 'There is no such API key, or it is revoked' });
