import { Inject, Injectable } from '@nestjs/common';
import { DATABASE, type Db } from '../../database/database.js';
import type { Finding } from '../engine/report.js';

/** 65,535 parameters a statement are PostgreSQL's limit; smaller pieces keep its memory and ours low. */
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
        const rows = piece.map((finding) => ({
          collection_id: collection,
          position: position++,
          kind: finding.kind,
          body: JSON.stringify(finding),
        }));
        await tx.insertInto('collection_findings').values(rows).execute();
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
