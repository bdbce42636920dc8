import { setTimeout as delay } from 'node:timers/promises';
import { SextonError } from '../../errors/sexton-error.js';
import type { EngineRun } from './engine-port.js';

export type JobState = 'open' | 'succeeded' | 'failed' | 'stopped';

/** A job that runs in the registry itself. */
export interface FollowedJob {
  state(): Promise<JobState>;
  stop(): Promise<void>;
}

/** Rounds of looking that may fail in a row for what waiting can mend. */
const PATIENCE = 10;

/**
 * Looks at a job until it has ended. Once it may not go on it is told to stop, and looked at until it has: what it was
 * told twice does no harm.
 */
export const followJob = async (
  run: Pick<EngineRun, 'signal' | 'mayGoOn'>,
  job: FollowedJob,
  pollEveryMs: number,
): Promise<{ readonly state: Exclude<JobState, 'open'>; readonly wasTold: boolean }> => {
  let wasTold = false;
  for (let failures = 0; ;) {
    try {
      const state = await job.state();
      if (state !== 'open') return { state, wasTold };
      if (!wasTold && !(await run.mayGoOn())) {
        // A stop of Sexton is none of the job's: whoever comes next follows it.
        run.signal.throwIfAborted();
        await job.stop();
        wasTold = true;
      }
      failures = 0;
    } catch (error) {
      run.signal.throwIfAborted();
      if (!(error instanceof SextonError) || !error.canRetry || ++failures > PATIENCE) throw error;
    }
    await delay(pollEveryMs, undefined, { signal: run.signal });
  }
};
