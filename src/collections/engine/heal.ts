import type { Storage } from '../storage/storage.js';
import type { Garbage } from './garbage.js';
import type { Journal, JournalEntry } from './journal.js';
import { moveBack } from './quarantine.js';
import { FLAG } from './reference-graph.js';

/**
 * Whether something needs what waits in quarantine: a living manifest refers to it, a repository of which not all could
 * be read might, or a layer link to it was written since (ours went along, so any that is there is new): a registry
 * with a stale cache told a client that the blob exists (TRAPS 19, 20).
 */
const isNeeded = ({ marking, linked }: Garbage, entry: JournalEntry): boolean => {
  const { graph, names, needed } = marking;
  const index = graph.table.findDigest(entry.digest);
  if (index < 0) return false;
  if (entry.repository !== null) return needed(names.indexOf(entry.repository), index);
  return graph.has(index, FLAG.live | FLAG.kept) || linked(index);
};

/** Brings back everything in quarantine that is needed now. `garbage` is a survey made after the last batch moved. */
export const heal = async (storage: Storage, journal: Journal, garbage: Garbage): Promise<number> => {
  let count = 0;
  for (const entry of await journal.list(['quarantined'])) {
    if (!isNeeded(garbage, entry)) continue;
    await moveBack(storage, entry);
    await journal.commit([entry], 'restored');
    count += 1;
  }
  return count;
};
