import { SextonError } from '../../errors/sexton-error.js';
import type { EngineRun } from './engine-port.js';

/** A collector that cannot be told what is held must not take untagged manifests while anything without a tag is. */
export const mustHoldNothing = async (run: Pick<EngineRun, 'untaggedMinAgeMs' | 'held'>): Promise<void> => {
  if (run.untaggedMinAgeMs === null || (await run.held()).isNone) return;
  throw new SextonError('held', {
    detail:
      'Manifests without a tag are held, and this engine cannot be told which: collect with untagged: keep, or lift the holds',
  });
};
