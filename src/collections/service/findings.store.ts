import { Inject, Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import { DATABASE, type Db, type Tx } from '../../database/database.js';
import type { Finding } from '../engine/report.js';

/** Small pieces keep the memory of both sides low. */
const ROWS_A_STATEMENT = 500;

/** The lines of reports. */
@Injectable()
export class FindingsStore {
  constructor(@Inject(DATABASE) private readonly db: Db) {}

  /** Replaces a collection's report, all or nothing. Returns after how many lines it is there. */
  async replace(db: Db, collection: string, findings: Iterable<Finding>): Promise<number> {
    return db.transaction().execute(async (tx) => {
      await tx.deleteFrom('collection_findings').where('collection_id', '=', collection).execute();
      let position = 0;
      for (const piece of pieces(findings, ROWS_A_STATEMENT)) {
        await insertFindings(tx, collection, position, piece);
        position += piece.length;
      }
      return position;
    });
  }

  /** Lines after the position `after`, in order. */
  async page(
    collection: string,
    after: number,
    limit: number,
  ): Promise<{ readonly position: number; readonly body: Finding }[]> {
    return this.db
      .selectFrom('collection_findings')
      .select(['position', 'body'])
      .where('collection_id', '=', collection)
      .where('position', '>', after)
      .orderBy('position')
      .limit(limit)
      .execute();
  }
}

/** As one parameter: with one for each value, putting the statement together holds up requests to the same process. */
const insertFindings = async (
  tx: Tx,
  collection: string,
  from: number,
  findings: readonly Finding[],
): Promise<void> => {
  await sql`
    insert into collection_findings (collection_id, position, kind, body)
    select ${collection}, ${from}::int + ordinality - 1, body ->> 'kind', body
    from jsonb_array_elements(${JSON.stringify(findings)}::jsonb) with ordinality as found (body, ordinality)`.execute(
    tx,
  );
};

function* pieces<T>(items: Iterable<T>, size: number): Generator<T[]> {
  let piece: T[] = [];
  for (const item of items) {
    piece.push(item);
    if (piece.length < size) continue;
    yield piece;
    piece = [];
  }
  if (piece.length > 0) yield piece;
}
