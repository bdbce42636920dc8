import type { Collection, Me } from '../../../public-api/openapi.js';
import { mayAtAll } from './scope.js';

export type CollectionAct = 'cancel' | 'resume' | 'runNow' | 'undo';

const ACTS: readonly CollectionAct[] = ['runNow', 'resume', 'undo', 'cancel'];

/** What to offer to this caller for this collection. The server judges whatever is then asked for. */
export const actsOnCollection = (collection: Collection, me: Me): readonly CollectionAct[] =>
  mayAtAll(me, 'collections:run') ? ACTS.filter((act) => fits(act, collection)) : [];

const fits = (act: CollectionAct, collection: Collection): boolean => {
  const { state, engine, mode, quarantined, restored, purged } = collection;
  switch (act) {
    case 'cancel':
      return ['waiting', 'running', 'paused'].includes(state) && !collection.cancelRequested;
    case 'resume':
      return state === 'cancelled' || state === 'failed';
    case 'runNow':
      return (state === 'waiting' || state === 'paused') && collection.when === 'window';
    case 'undo':
      return (
        ['succeeded', 'cancelled', 'failed'].includes(state) &&
        engine === 'sexton' &&
        mode === 'collect' &&
        !collection.undoRequested &&
        quarantined.count > restored.count + purged.count
      );
  }
};
