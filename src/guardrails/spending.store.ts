import { Injectable } from '@nestjs/common';
import { sql } from 'kysely';
import type { Tx } from '../database/database.js';

const DAY_MS = 86_400_000;

/** How much of its day a caller has used. */
@Injectable()
export class SpendingStore {
  /**
   * Targets that the caller's deletions removed in the last 24 hours, and those of other deletions that are accepted
   * and may still; those of others whose dry run the caller had executed are the caller's too. Until the transaction ends,
   * nobody else counts for this caller: of two deletions that each fit alone one is refused.
   */
  async spent(tx: Tx, callerId: string, exceptDeletion: string, now: Date): Promise<number> {
    await sql`select pg_advisory_xact_lock(hashtextextended(${`spending ${callerId}`}, 0))`.execute(tx);
    const dayAgo = new Date(now.getTime() - DAY_MS);
    // Served by deletions_by_requester and deletions_by_executor.
    const { rows } = await sql<{ spent: number }>`
      select count(*)::int as spent
      from deletions join deletion_targets target on target.deletion_id = deletions.id
      where (requested_by_id = ${callerId} or executed_by_id = ${callerId}) and deletions.id <> ${exceptDeletion}
        and (
          (target.outcome in ('deleted', 'untagged', 'restored') and target.finished_at >= ${dayAgo})
          or (target.outcome is null and state in ('awaiting_approval', 'queued', 'running'))
        )`.execute(tx);
    return rows[0]?.spent ?? 0;
  }
}
