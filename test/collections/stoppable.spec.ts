import { describe, expect, it } from 'vitest';
import { collect } from '../../src/collections/engine/collect.js';
import { KEEP_ALL } from '../../src/collections/engine/survey.js';
import { LookStopped, type Look, type Surveyor } from '../../src/collections/engine/surveyor.js';
import { stoppable } from '../../src/collections/engines/sexton/stoppable.js';
import { KEEP, OPTIONS } from './collecting.js';
import { MemoryJournal } from './memory-journal.js';
import { MemoryStorage } from './memory-storage.js';

const NOTHING: Look = { blocked: null, faults: [], batches: () => [], needs: () => false };

/** Looks for what may go last until their signal ends them, from the nth on; others are short. */
const surveyorThatHangs = (from: number): Surveyor & { looks: number } => {
  const surveyor = {
    storage: new MemoryStorage(),
    now: () => surveyor.looks,
    looks: 0,
    look: async ({ graceMs }: typeof KEEP, { signal }: { signal?: AbortSignal | undefined } = {}) => {
      surveyor.looks += 1;
      if (surveyor.looks < from || !Number.isFinite(graceMs)) {
        return { ...NOTHING, batches: () => [{ count: 1, entries: async () => [] }] };
      }
      return new Promise<Look>((_, reject) => {
        signal?.addEventListener('abort', () =>
          reject(signal.reason instanceof Error ? signal.reason : new Error('no reason')),
        );
      });
    },
  };
  return surveyor;
};

describe('a look for what may go', () => {
  it('ends soon after its run may not go on; one for what comes back is not asked', async () => {
    const surveyor = stoppable(surveyorThatHangs(1), async () => false, 1);
    await expect(surveyor.look(KEEP)).rejects.toThrow(LookStopped);
    await expect(surveyor.look(KEEP_ALL)).resolves.toBeDefined();
  });

  it('ends with what went wrong where nobody can be asked', async () => {
    const lost = async (): Promise<boolean> => {
      throw new Error('the claim is lost');
    };
    await expect(stoppable(surveyorThatHangs(1), lost, 1).look(KEEP)).rejects.toThrow('the claim is lost');
  });

  it('that a sweep makes once more stops the run there, and the next one goes on (TRAPS 26)', async () => {
    const journal = new MemoryJournal();
    let asked = 0;
    // Asked once before the first batch; then the second look begins.
    const mayGoOn = async (): Promise<boolean> => asked++ < 1;
    const surveyor = stoppable(surveyorThatHangs(2), mayGoOn, 1);
    const result = await collect(surveyor, journal, { ...KEEP, ...OPTIONS, remarkAfterMs: -1 }, { mayGoOn });
    expect(result.isFinished).toBe(false);
    expect(await journal.runs()).toMatchObject([{ state: 'running' }]);
  });
});
