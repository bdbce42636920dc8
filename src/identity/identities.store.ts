import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Db } from '../database/database.js';
import type { Credential, Identity } from './person.js';

/** Keys that made keys that made keys: longer than anybody's line, so that the question ends. */
const LONGEST_LINE = 100;

/** Who holds a credential, as far as keys tell. */
@Injectable()
export class IdentitiesStore {
  /** Of a key its owner and its makers; of anything else, such as `oidc:<sub>`, what its id says. */
  async identityOf(db: Db, id: string): Promise<Identity> {
    const { rows } = await sql<Credential & { readonly created_by: string }>`
      with recursive line as (
        select id, owner, created_by, 1 as length from api_keys where id = ${id}
        union all
        select maker.id, maker.owner, maker.created_by, line.length + 1
        from api_keys maker join line on maker.id = line.created_by
        where line.length < ${LONGEST_LINE}
      )
      select id, owner, created_by from line order by length`.execute(db);
    const [key, ...makers] = rows;
    if (!key) return { id, owner: null, madeBy: [] };
    const first = rows.at(-1)?.created_by ?? key.created_by;
    return { id, owner: key.owner, madeBy: [...makers, { id: first, owner: null }] };
  }
}
