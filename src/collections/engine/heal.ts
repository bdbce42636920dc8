import type { Storage } from '../../storage/storage.js';
import { bringBack } from './bring-back.js';
import type { Journal } from './journal.js';
import { settle } from './settle.js';
import { KEEP_ALL } from './survey.js';
import type { Look, Surveyor } from './surveyor.js';

/**
 * Brings back everything in quarantine that is needed now; says how many. `look` is one made after the last batch
 * moved.
 */
export const bringBackNeeded = async (storage: Storage, journal: Journal, look: Look): Promise<number> => {
  const needed = (await journal.list(['quarantined'])).filter((entry) => look.needs(entry));
  return (await bringBack(storage, journal, needed)).entries.length;
};

/**
 * The healer: run every few minutes for as long as a quarantine stands, it makes pullable again what a registry waved
 * through because of its stale cache.
 */
export const heal = async (surveyor: Surveyor, journal: Journal): Promise<number> => {
  const { storage } = surveyor;
  await settle(storage, journal);
  if ((await journal.list(['quarantined'])).length === 0) return 0;
  return bringBackNeeded(storage, journal, await surveyor.look(KEEP_ALL));
};
