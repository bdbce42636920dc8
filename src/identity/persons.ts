import { Inject, Injectable } from '@nestjs/common';
import { DATABASE, type Db } from '../database/database.js';

/** How the issuer's subjects begin as ids of callers (oidc/token-caller.ts). */
const SUBJECT = 'oidc:';
/** Nobody makes longer chains of keys that make keys in good faith; whoever does is one person with all of them. */
const LONGEST_CHAIN = 50;

interface KeyOrigin {
  readonly owner: string | null;
  /** Who has seen its secret: whoever made it, and whoever rotated it last. */
  readonly seenBy: readonly string[];
}

/** Who is who behind several credentials. What is done by two people must not be done by one with two keys. */
@Injectable()
export class Persons {
  constructor(@Inject(DATABASE) private readonly db: Db) {}

  /**
   * Whether `caller` may be one person with `other` (ids of callers): the same key or subject; two keys of one owner, or
   * a key whose owner is the subject; or the caller's key was made or rotated by that person, who has seen its secret,
   * or by a key of which that is true. In doubt they are one.
   */
  async mayBeOne(caller: string, other: string): Promise<boolean> {
    const theirs = new Set(await this.namesOf(other));
    const looked = new Set<string>();
    const open = [caller];
    for (let id = open.pop(); id !== undefined; id = open.pop()) {
      if (looked.has(id)) continue;
      looked.add(id);
      if (looked.size > LONGEST_CHAIN) return true;
      const origin = await this.originOf(id);
      if (namesOf(id, origin?.owner ?? null).some((name) => theirs.has(name))) return true;
      open.push(...(origin?.seenBy ?? []));
    }
    return false;
  }

  /**
   * Whether `caller` may act through the key `other`: one that is said to be nobody's belongs to whoever has seen its
   * secret. A key of an owner is that owner's, whoever made it: else no administrator could ever approve.
   */
  async mayActThrough(caller: string, other: string): Promise<boolean> {
    const origin = await this.originOf(other);
    return origin !== null && origin.owner === null && (await this.mayBeOne(other, caller));
  }

  private async namesOf(id: string): Promise<readonly string[]> {
    return namesOf(id, (await this.originOf(id))?.owner ?? null);
  }

  private async originOf(id: string): Promise<KeyOrigin | null> {
    const row = await this.db
      .selectFrom('api_keys')
      .select(['owner', 'created_by', 'rotated_by'])
      .where('id', '=', id)
      .executeTakeFirst();
    if (!row) return null;
    return {
      owner: row.owner,
      seenBy: [row.created_by, ...(row.rotated_by === null ? [] : [row.rotated_by])],
    };
  }
}

/** Under which names a person is known: the caller's id, and whom it belongs to, in one spelling. */
const namesOf = (id: string, owner: string | null): readonly string[] => [
  id,
  ...(id.startsWith(SUBJECT) ? [asOwner(id)] : []),
  ...(owner === null ? [] : [asOwner(owner)]),
];

const asOwner = (text: string): string =>
  `owner ${(text.startsWith(SUBJECT) ? text.slice(SUBJECT.length) : text).toLowerCase()}`;
