import { randomBytes } from 'node:crypto';
import { Inject, Injectable } from '@nestjs/common';
import type { Selectable } from 'kysely';
import { newId } from '../../ids/new-id.js';
import { DATABASE, type Db } from '../../database/database.js';
import type { RegistryTokenSecretsTable } from './token-secrets.table.js';

export type TokenSecret = Selectable<RegistryTokenSecretsTable>;

const SIGNS_MS = 24 * 3_600_000;
/** Until the last token that it signed has ended. */
const VERIFIES_MS = SIGNS_MS + 10 * 60_000;

/** Secrets that all processes sign with, each for a day. Two that are made at once are both good. */
@Injectable()
export class TokenSecretsStore {
  private readonly known = new Map<string, TokenSecret>();

  constructor(@Inject(DATABASE) private readonly db: Db) {}

  /** The one to sign with; a new one when the newest is a day old. */
  async current(now: Date): Promise<TokenSecret> {
    const inMemory = [...this.known.values()].find((secret) => isYounger(secret, SIGNS_MS, now));
    return inMemory ?? this.remember((await this.newest(now)) ?? (await this.make(now)));
  }

  /** The one of this id, while it may still verify. */
  async find(id: string, now: Date): Promise<TokenSecret | null> {
    const secret = this.known.get(id) ?? (await this.read(id));
    if (!secret || !isYounger(secret, VERIFIES_MS, now)) return null;
    return this.remember(secret);
  }

  private async newest(now: Date): Promise<TokenSecret | null> {
    const newest = await this.db
      .selectFrom('registry_token_secrets')
      .selectAll()
      .orderBy('created_at', 'desc')
      .limit(1)
      .executeTakeFirst();
    return newest && isYounger(newest, SIGNS_MS, now) ? newest : null;
  }

  private async make(now: Date): Promise<TokenSecret> {
    const secret = { id: newId(), secret: randomBytes(32).toString('base64url'), created_at: now };
    await this.db.insertInto('registry_token_secrets').values(secret).execute();
    const ended = new Date(now.getTime() - VERIFIES_MS);
    await this.db.deleteFrom('registry_token_secrets').where('created_at', '<', ended).execute();
    this.known.clear();
    return secret;
  }

  private async read(id: string): Promise<TokenSecret | null> {
    const found = await this.db
      .selectFrom('registry_token_secrets')
      .selectAll()
      .where('id', '=', id)
      .executeTakeFirst();
    return found ?? null;
  }

  private remember(secret: TokenSecret): TokenSecret {
    this.known.set(secret.id, secret);
    return secret;
  }
}

const isYounger = (secret: TokenSecret, ms: number, now: Date): boolean =>
  now.getTime() - secret.created_at.getTime() < ms;
