import { quarantineBatch, quarantineRun } from '../../storage/layout.js';
import { bringBackNeeded } from './heal.js';
import type { AroundBatch, Journal } from './journal.js';
import { destroy } from './quarantine.js';
import { settle } from './settle.js';
import { KEEP_ALL } from './survey.js';
import type { Surveyor } from './surveyor.js';

const BATCH = 500;

export interface PurgeResult {
  readonly entries: number;
  readonly bytes: number;
  readonly broughtBack: number;
  /** Why nothing was purged. */
  readonly blocked: string | null;
  /** False: it stopped because it might not go on. */
  readonly isFinished: boolean;
}

/**
 * Deletes for good what has waited in quarantine since before `quarantinedBeforeMs`. First everything that is needed
 * comes back; while anything is undecided, nothing is purged at all: this step alone cannot be undone. `mayGoOn` is
 * asked before each batch.
 */
export const purge = async (
  surveyor: Surveyor,
  journal: Journal,
  quarantinedBeforeMs: number,
  {
    mayGoOn = async () => true,
    aroundBatch = (work) => work(),
  }: { readonly mayGoOn?: () => Promise<boolean>; readonly aroundBatch?: AroundBatch } = {},
): Promise<PurgeResult> => {
  const { storage } = surveyor;
  await settle(storage, journal);
  const look = await surveyor.look(KEEP_ALL);
  const broughtBack = await bringBackNeeded(storage, journal, look);
  const doubt = look.faults.find((fault) => fault.undecided !== 'nothing');
  if (doubt) {
    return { entries: 0, bytes: 0, broughtBack, blocked: `${doubt.path} ${doubt.problem}`, isFinished: true };
  }
  const old = (await journal.list(['quarantined'])).filter((entry) => entry.atMs <= quarantinedBeforeMs);
  let bytes = 0;
  let entries = 0;
  while (entries < old.length && (await mayGoOn())) {
    const batch = old.slice(entries, entries + BATCH);
    await aroundBatch(async () => {
      await journal.commit(batch, 'purging');
      await destroy(storage, batch);
      await journal.commit(batch, 'purged');
      return batch;
    });
    for (const entry of batch) bytes += entry.sizeBytes;
    entries += batch.length;
  }
  const batches = old.map(({ run, batch }) => quarantineBatch(run, batch));
  await storage.removeEmptyFolders([...new Set([...batches, ...old.map(({ run }) => quarantineRun(run))])]);
  return { entries, bytes, broughtBack, blocked: null, isFinished: entries === old.length };
};
