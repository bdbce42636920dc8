import { readFileSync } from 'node:fs';
import { hostname } from 'node:os';
import { setTimeout as delay } from 'node:timers/promises';
import { z } from 'zod';
import type { JsonObject } from '../../../audit/audit-event.js';
import { SextonError } from '../../../errors/sexton-error.js';

/** The collector that a run started, so that whoever takes over finds it. */
const checkpointSchema = z.object({ pid: z.int(), host: z.string(), program: z.string() });

export const collectorCheckpoint = (pid: number, program: string): JsonObject => ({
  pid,
  host: hostname(),
  program,
});

/**
 * Ends a collector that outlived the process which started it: the registry must not take pushes while it runs. One on
 * another machine cannot be seen from here; it ends with the pipe that it writes to.
 */
export const endOrphan = async (checkpoint: JsonObject | null, signal: AbortSignal): Promise<void> => {
  const { data: collector } = checkpointSchema.safeParse(checkpoint);
  if (!collector || collector.host !== hostname()) return;
  for (let round = 0; isStill(collector.pid, collector.program); round += 1) {
    if (round > 100) {
      throw new SextonError('command_failed', {
        detail: `The collector ${collector.program} (process ${collector.pid}) of an interrupted run does not end`,
      });
    }
    if (!kill(collector.pid, round < 50 ? 'SIGTERM' : 'SIGKILL')) return;
    await delay(100, undefined, { signal });
  }
};

/** False where it ended by itself just now. */
const kill = (pid: number, signal: NodeJS.Signals): boolean => {
  try {
    return process.kill(pid, signal);
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ESRCH') return false;
    throw error;
  }
};

/** Whether the process is still that program: its number may be another's by now. */
const isStill = (pid: number, program: string): boolean => {
  try {
    const line = readFileSync(`/proc/${pid}/cmdline`, 'utf8');
    return line.split('\0').includes(program) && line.includes('garbage-collect');
  } catch {
    return false;
  }
};
