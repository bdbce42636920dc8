import { sql } from 'kysely';
import type { Db } from '../database/database.js';
import type { ApprovalReading } from '../telemetry/installation-metrics.js';

/** Deletions that wait for other people, by registry. */
export const readApprovals = async (db: Db): Promise<ApprovalReading[]> => {
  // Served by the partial index deletions_awaiting_approval.
  const { rows } = await sql<ApprovalReading>`
    select registry, count(*)::int as waiting,
           extract(epoch from now() - min(coalesce(planned_at, created_at)))::float8 as "oldestSeconds"
    from deletions where state = 'awaiting_approval' group by registry`.execute(db);
  return rows;
};
