import type { Db } from '../database/database.js';
import { parseDigest, type Digest } from '../oci/digest.js';
import type { DeletionRow } from './deletion-view.js';
import type { ManifestBytes } from './manifest-memory.js';

/** What is left of one manifest or tag that went. */
export interface Tombstone {
  readonly position: number;
  readonly reference: string;
  readonly digest: Digest;
  readonly mediaType: string;
  readonly bytes: Buffer;
  /** Tags that went with it. */
  readonly tags: readonly string[];
}

/**
 * Keeps what is about to go, and notes that its deletion begins: in one statement, on the connection that holds the
 * claim, so that a process that lost the repository stops here.
 */
export const writeTombstone = async (
  db: Db,
  deletionId: string,
  position: number,
  manifest: ManifestBytes,
  tags: readonly string[],
): Promise<void> => {
  const now = new Date();
  await db
    .with('begun', (cte) =>
      cte
        .updateTable('deletion_targets')
        .set({ started_at: now })
        .where('deletion_id', '=', deletionId)
        .where('position', '=', position)
        .where('started_at', 'is', null)
        .returning('position'),
    )
    .insertInto('tombstones')
    .values({
      deletion_id: deletionId,
      digest: manifest.digest,
      media_type: manifest.mediaType,
      bytes: Buffer.from(manifest.bytes),
      tags: JSON.stringify(tags),
      created_at: now,
    })
    .onConflict((conflict) => conflict.columns(['deletion_id', 'digest']).doNothing())
    .execute();
};

/**
 * What a deletion removed, in the order in which it went; also what it began to remove and failed at, since then nobody
 * knows how far that went.
 */
export const readTombstones = async (
  db: Db,
  { id, plan }: Pick<DeletionRow, 'id' | 'plan'>,
): Promise<Tombstone[]> => {
  const rows = await db
    .selectFrom('deletion_targets as target')
    .innerJoin('tombstones as stone', (join) =>
      join.onRef('stone.deletion_id', '=', 'target.deletion_id').onRef('stone.digest', '=', 'target.digest'),
    )
    .select([
      'target.position',
      'target.reference',
      'target.digest',
      'stone.media_type',
      'stone.bytes',
      'stone.tags',
    ])
    .where('target.deletion_id', '=', id)
    .where('target.outcome', 'in', ['deleted', 'untagged', 'failed'])
    .where('target.started_at', 'is not', null)
    .orderBy('target.position')
    .execute();
  return rows.map((row) => ({
    position: row.position,
    reference: row.reference,
    digest: parseDigest(row.digest),
    mediaType: row.media_type,
    bytes: row.bytes,
    // Of several tags on one digest that went one by one, each target brings back its own.
    tags: plan?.targets[row.position]?.kind === 'tag' ? [row.reference] : row.tags,
  }));
};
