import type { Storage } from '../../storage/storage.js';
import { bringBack } from './bring-back.js';
import type { Journal } from './journal.js';
import { settle } from './settle.js';
import { KEEP_ALL } from './survey.js';
import type { Look, Surveyor } from './surveyor.js';

/** Brings back everything in quarantine that is needed now; says how many. `look` is one made after the last batch moved. */
export const bringBackNeeded = async (storage: Storage, journal: Journal, look: Look): Promise<number> => {
  const needed = (await journal.list(['quarantined'])).filter((entry) => look.needs(entry));
  return (await bringBack(storage, journal, needed)).entries.length;
};

export interface AllNeeded<L extends Look> {
  readonly broughtBack: number;
  /** The last look: by it nothing more was needed. */
  readonly look: L;
}

/**
 * Looks and brings back until nothing more is needed: what a manifest in quarantine refers to is known once it is back.
 * Every look but the last brings something back, so it ends.
 */
export const bringBackAllNeeded = async <L extends Look>(
  surveyor: Surveyor<L>,
  journal: Journal,
): Promise<AllNeeded<L>> => {
  let broughtBack = 0;
  for (;;) {
    const look = await surveyor.look(KEEP_ALL);
    const back = await bringBackNeeded(surveyor.storage, journal, look);
    if (back === 0) return { broughtBack, look };
    broughtBack += back;
  }
};

/**
 * The healer: run every few minutes for as long as a quarantine stands, it makes pullable again what a registry waved
 * through because of its stale cache. Says how much came back.
 */
export const heal = async (surveyor: Surveyor, journal: Journal): Promise<number> => {
  await settle(surveyor.storage, journal);
  if ((await journal.list(['quarantined'])).length === 0) return 0;
  return (await bringBackAllNeeded(surveyor, journal)).broughtBack;
};
