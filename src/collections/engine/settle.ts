import type { Storage } from '../../storage/storage.js';
import type { Journal } from './journal.js';
import { destroy, isWaiting, moveBack } from './quarantine.js';

/**
 * Ends what a crash left half done, always in the direction that loses nothing: what was being taken away goes back
 * (a run that goes on finds it again), and what was being purged stays in quarantine if its blob is still there.
 */
export const settle = async (storage: Storage, journal: Journal): Promise<void> => {
  for (const entry of (await journal.list(['moving'])).toReversed()) {
    const isBack = await moveBack(storage, entry);
    // Its blob is in neither place: the links that went wait for it, and for the purge.
    await journal.commit([entry], isBack ? 'restored' : 'quarantined');
  }
  for (const entry of await journal.list(['purging'])) {
    if (await isWaiting(storage, entry)) {
      await journal.commit([entry], 'quarantined');
    } else {
      await destroy(storage, [entry]);
      await journal.commit([entry], 'purged');
    }
  }
};
