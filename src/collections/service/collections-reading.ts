import { sql } from 'kysely';
import type { Db } from '../../database/database.js';
import type { CollectionReading } from '../../telemetry/installation-metrics.js';

/** How the collections of each registry go; a row for each collection ever, which is one a window. */
export const readCollections = async (db: Db): Promise<CollectionReading[]> => {
  const { rows } = await sql<CollectionReading>`
    select registry,
           count(*) filter (where state = 'waiting')::int as waiting,
           count(*) filter (where state = 'running')::int as running,
           count(*) filter (where state = 'paused')::int as paused,
           coalesce(sum(quarantined_blobs) filter (where state in ('waiting', 'running', 'paused')), 0)::float8
             as "progressBlobs",
           sum(quarantined_bytes)::float8 as "quarantinedBytes",
           sum(restored_bytes)::float8 as "restoredBytes",
           sum(purged_bytes)::float8 as "purgedBytes",
           extract(epoch from max(finished_at) filter (where state in ('succeeded', 'undone') and mode <> 'dry-run'))::float8
             as "succeededAt",
           extract(epoch from max(finished_at) filter (where state = 'failed'))::float8 as "failedAt"
    from collections group by registry`.execute(db);
  return rows;
};
