import { Inject, Injectable } from '@nestjs/common';
import { sql, type Selectable } from 'kysely';
import { Batches } from '../batches/batches.js';
import { DATABASE, type Db, type Tx } from '../database/database.js';
import { hashApiKey, prefixOf, sameHash } from './api-key.js';
import type { ApiKeysTable } from './api-keys.table.js';
import type { Role } from './permissions.js';

export type ApiKeyRow = Selectable<ApiKeysTable>;

/** `last_used_at` is for people; once a minute is exact enough and spares a write a request. */
const USE_RESOLUTION_MS = 60_000;

@Injectable()
export class ApiKeysStore {
  private readonly lookups: Batches<string, ApiKeyRow | null>;
  private readonly usesUnderWay = new Map<string, Promise<void>>();

  constructor(@Inject(DATABASE) private readonly db: Db) {
    this.lookups = new Batches((hashes) => findByHashes(db, hashes), { mostUnderWay: 2, largest: 100 });
  }

  /** The key with this secret, revoked and expired ones too. Looked up after it was asked for, and never remembered. */
  findBySecret(secret: string): Promise<ApiKeyRow | null> {
    return this.lookups.ask(hashApiKey(secret));
  }

  /** The same, as the transaction sees it. */
  async findBySecretIn(tx: Tx, secret: string): Promise<ApiKeyRow | null> {
    const [row = null] = await findByHashes(tx, [hashApiKey(secret)]);
    return row;
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

  /** Of those that use a key at one moment one writes, and the others wait for that instead of for each other. */
  async noteUse(row: ApiKeyRow, now: Date): Promise<void> {
    if (row.last_used_at && now.getTime() - row.last_used_at.getTime() < USE_RESOLUTION_MS) return;
    const noting = this.usesUnderWay.get(row.id) ?? this.writeUse(row.id, now);
    this.usesUnderWay.set(row.id, noting);
    await noting.finally(() => this.usesUnderWay.delete(row.id));
  }

  private async writeUse(id: string, now: Date): Promise<void> {
    await this.db.updateTable('api_keys').set({ last_used_at: now }).where('id', '=', id).execute();
  }
}

/** The row of each hash, in their order; null where there is none. Callers that ask often are few: a row is fetched once. */
const findByHashes = async (db: Db, hashes: readonly string[]): Promise<(ApiKeyRow | null)[]> => {
  const rows = await db
    .selectFrom('api_keys')
    .selectAll()
    .where('hash', 'in', [...new Set(hashes)])
    .execute();
  return hashes.map((hash) => rows.find((row) => sameHash(row.hash, hash)) ?? null);
};
