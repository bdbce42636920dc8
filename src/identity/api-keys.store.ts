import { Inject, Injectable } from '@nestjs/common';
import { sql, type Selectable } from 'kysely';
import { DATABASE, type Db, type Tx } from '../database/database.js';
import { hashApiKey, prefixOf, sameHash } from './api-key.js';
import type { ApiKeysTable } from './api-keys.table.js';
import type { Role } from './permissions.js';

export type ApiKeyRow = Selectable<ApiKeysTable>;

/** `last_used_at` is for people; once a minute is exact enough and spares a write a request. */
const USE_RESOLUTION_MS = 60_000;

@Injectable()
export class ApiKeysStore {
  constructor(@Inject(DATABASE) private readonly db: Db) {}

  /** The key with this secret, revoked and expired ones too. */
  async findBySecret(secret: string, db: Db = this.db): Promise<ApiKeyRow | null> {
    const hash = hashApiKey(secret);
    const row = await db.selectFrom('api_keys').selectAll().where('hash', '=', hash).executeTakeFirst();
    return row && sameHash(row.hash, hash) ? row : null;
  }

  async insert(
    db: Db,
    key: {
      id: string;
      name: string;
      secret: string;
      role: Role;
      scopes: readonly string[];
      createdAt: Date;
      createdBy: string;
      owner?: string | null;
      expiresAt: Date | null;
    },
  ): Promise<ApiKeyRow> {
    return db
      .insertInto('api_keys')
      .values({
        id: key.id,
        name: key.name,
        prefix: prefixOf(key.secret),
        hash: hashApiKey(key.secret),
        role: key.role,
        scopes: JSON.stringify(key.scopes),
        created_at: key.createdAt,
        created_by: key.createdBy,
        owner: key.owner ?? null,
        expires_at: key.expiresAt,
      })
      .returningAll()
      .executeTakeFirstOrThrow();
  }

  /** Lets nobody else write keys until the transaction ends; readers do not wait. */
  async lockKeys(tx: Tx): Promise<void> {
    await sql`lock table api_keys in share row exclusive mode`.execute(tx);
  }

  /** Null when the key is not active, or no longer has the secret it had: of two rotations at once one wins. */
  async replaceSecret(
    tx: Tx,
    key: ApiKeyRow,
    secret: string,
    rotatedBy: string,
    now: Date,
  ): Promise<ApiKeyRow | null> {
    const rotated = await tx
      .updateTable('api_keys')
      .set({
        hash: hashApiKey(secret),
        prefix: prefixOf(secret),
        last_used_at: null,
        rotated_by: rotatedBy,
      })
      .where('id', '=', key.id)
      .where('hash', '=', key.hash)
      .where('revoked_at', 'is', null)
      .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]))
      .returningAll()
      .executeTakeFirst();
    return rotated ?? null;
  }

  /** Remembers a secret that a rotation ended, as a key of its own; returns that key's id. */
  async insertRetired(tx: Tx, key: ApiKeyRow): Promise<string> {
    await tx
      .insertInto('api_keys')
      .values({ ...key, scopes: JSON.stringify(key.scopes) })
      .execute();
    return key.id;
  }

  /** Newest first, after `before`. */
  async page(before: string | null, limit: number): Promise<ApiKeyRow[]> {
    const all = this.db.selectFrom('api_keys').selectAll().orderBy('id', 'desc').limit(limit);
    return (before === null ? all : all.where('id', '<', before)).execute();
  }

  async find(id: string): Promise<ApiKeyRow | null> {
    return (await this.db.selectFrom('api_keys').selectAll().where('id', '=', id).executeTakeFirst()) ?? null;
  }

  /** False when it was revoked before, or never was: of two at once one wins. */
  async revoke(db: Db, id: string, at: Date): Promise<boolean> {
    const revoked = await db
      .updateTable('api_keys')
      .set({ revoked_at: at })
      .where('id', '=', id)
      .where('revoked_at', 'is', null)
      .executeTakeFirst();
    return revoked.numUpdatedRows > 0n;
  }

  async hasActiveAdmin(now: Date, db: Db = this.db): Promise<boolean> {
    const admin = await db
      .selectFrom('api_keys')
      .select('id')
      .where('role', '=', 'admin')
      .where('revoked_at', 'is', null)
      .where((eb) => eb.or([eb('expires_at', 'is', null), eb('expires_at', '>', now)]))
      .limit(1)
      .executeTakeFirst();
    return admin !== undefined;
  }

  async noteUse(row: ApiKeyRow, now: Date): Promise<void> {
    if (row.last_used_at && now.getTime() - row.last_used_at.getTime() < USE_RESOLUTION_MS) return;
    await this.db.updateTable('api_keys').set({ last_used_at: now }).where('id', '=', row.id).execute();
  }
}
