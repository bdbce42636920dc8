import type { Db } from '../database/database.js';
import type { Manifest } from '../oci/manifest.js';

/**
 * Keeps what is about to go, and notes that its deletion begins: in one transaction, on the connection that holds the
 * claim, so that a process that lost the repository stops here.
 */
export const writeTombstone = async (
  db: Db,
  deletionId: string,
  position: number,
  manifest: Manifest,
  tags: readonly string[],
): Promise<void> => {
  const now = new Date();
  await db.transaction().execute(async (tx) => {
    await tx
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
    await tx
      .updateTable('deletion_targets')
      .set({ started_at: now })
      .where('deletion_id', '=', deletionId)
      .where('position', '=', position)
      .where('started_at', 'is', null)
      .execute();
  });
};
