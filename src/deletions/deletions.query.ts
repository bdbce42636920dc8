import { Inject, Injectable } from '@nestjs/common';
import { z } from 'zod';
import { DATABASE, type Db } from '../database/database.js';
import { pagingOf } from '../http/cursor.js';
import type { ListDeletions } from './deletions.dto.js';
import type { DeletionRow } from './deletion-view.js';

const cursorSchema = z.object({ before: z.string().min(1).max(64) });

/** How many rows are looked at in one statement while rows are left out for the caller's scopes. */
const STEP = 200;
/** A caller who may see little gets a shorter page, and a cursor to go on with, rather than a search without end. */
const MOST_EXAMINED = 5_000;

/** The list of deletions, newest first, by keyset: the id is a ULID, so that no offset is ever counted. */
@Injectable()
export class DeletionsQuery {
  constructor(@Inject(DATABASE) private readonly db: Db) {}

  /** One page of what `isVisible` lets through. `nextCursor` is null on the last page. */
  async list(
    query: ListDeletions,
    isVisible: (row: DeletionRow) => boolean,
  ): Promise<{ rows: DeletionRow[]; nextCursor: string | null }> {
    const rows: DeletionRow[] = [];
    const paging = pagingOf('deletions', query, cursorSchema);
    let before = paging.position?.before ?? null;
    for (let examined = 0; ;) {
      const step = await this.step(query, before, Math.max(query.limit + 1, STEP));
      for (const row of step) {
        if (!isVisible(row)) continue;
        if (rows.length === query.limit) {
          return { rows, nextCursor: paging.cursorAfter({ before: rows[rows.length - 1]?.id }) };
        }
        rows.push(row);
      }
      const last = step.at(-1);
      if (!last || step.length < STEP) return { rows, nextCursor: null };
      before = last.id;
      examined += step.length;
      if (examined >= MOST_EXAMINED) return { rows, nextCursor: paging.cursorAfter({ before }) };
    }
  }

  private step(query: ListDeletions, before: string | null, limit: number): Promise<DeletionRow[]> {
    let statement = this.db.selectFrom('deletions').selectAll().orderBy('id', 'desc').limit(limit);
    if (before !== null) statement = statement.where('id', '<', before);
    if (query.registry) statement = statement.where('registry', '=', query.registry);
    if (query.repository) statement = statement.where('repository', '=', query.repository);
    if (query.state) statement = statement.where('state', '=', query.state);
    if (query.requestedBy) statement = statement.where('requested_by_id', '=', query.requestedBy);
    if (query.since) statement = statement.where('created_at', '>=', new Date(query.since));
    if (query.until) statement = statement.where('created_at', '<', new Date(query.until));
    return statement.execute();
  }
}
