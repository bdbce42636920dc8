import { KEEP_ALL, survey, type CollectionTools } from './survey.js';
import type { Garbage } from './garbage.js';
import type { Journal, JournalEntry } from './journal.js';
import { moveBack } from './quarantine.js';
import { FLAG } from './reference-graph.js';
import { settle } from './settle.js';
import type { Storage } from '../../storage/storage.js';

const BATCH = 100;

/**
 * Whether something needs what waits in quarantine: a living manifest refers to it, a repository of which not all could
 * be read might, or a layer link to it was written since (ours went along, so any that is there is new): a registry
 * with a stale cache told a client that the blob exists (TRAPS 19, 20).
 */
const isNeeded = ({ marking, linked }: Garbage, entry: JournalEntry): boolean => {
  const { graph, names, needs } = marking;
  const index = graph.table.findDigest(entry.digest);
  if (index < 0) return false;
  // What somebody deleted comes back by undo alone.
  if (entry.repository !== null && entry.because === 'deleted') return false;
  if (entry.repository !== null) return needs(names.indexOf(entry.repository), index);
  return graph.has(index, FLAG.live | FLAG.kept) || linked(index);
};

/**
 * Brings back everything in quarantine that is needed now; says how many. `garbage` is a survey made after the last
 * batch moved.
 */
export const bringBackNeeded = async (
  storage: Storage,
  journal: Journal,
  garbage: Garbage,
): Promise<number> => {
  const needed = (await journal.list(['quarantined'])).filter((entry) => isNeeded(garbage, entry));
  for (let i = 0; i < needed.length; i += BATCH) {
    const batch = needed.slice(i, i + BATCH);
    for (const entry of batch) await moveBack(storage, entry);
    await journal.commit(batch, 'restored');
  }
  return needed.length;
};

/**
 * The healer: run every few minutes for as long as a quarantine stands, it makes pullable again what a registry waved
 * through because of its stale cache.
 */
export const heal = async (tools: CollectionTools, journal: Journal): Promise<number> => {
  await settle(tools.storage, journal);
  if ((await journal.list(['quarantined'])).length === 0) return 0;
  return bringBackNeeded(tools.storage, journal, await survey(tools, KEEP_ALL));
};
