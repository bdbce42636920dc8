import { z } from 'zod';
import type { ServerEvent } from '../client/server-events.js';
import { clean } from '../output/print.js';

/** Shows on a terminal how far a deletion is; nothing anywhere else. */
export interface Progress {
  tell(event: ServerEvent): void;
  end(): void;
}

const SILENT: Progress = { tell: () => undefined, end: () => undefined };

const stateSchema = z.object({
  state: z.string(),
  done: z.number(),
  total: z.number(),
  problem: z.object({ code: z.string(), retryAt: z.string().nullable() }).nullish(),
});
const stageSchema = z.object({ stage: z.string(), done: z.number(), total: z.number() });
const targetSchema = z.object({ reference: z.string(), outcome: z.string() });

/** A bar on standard error where that is a terminal, so that standard output stays what is piped on. */
export const openProgress = async (): Promise<Progress> => {
  if (!process.stderr.isTTY) return SILENT;
  const { SingleBar } = await import('cli-progress');
  const bar = new SingleBar({
    stream: process.stderr,
    format: '{bar} {value}/{total}  {state}  {note}',
    barCompleteChar: '█',
    barIncompleteChar: '░',
    barsize: 24,
    hideCursor: true,
    clearOnComplete: true,
    // It would end the process in the middle of what Ctrl-C means here.
    gracefulExit: false,
  });
  bar.start(1, 0, { state: 'asking', note: '' });
  const show = (done: number, total: number, state: string, note: string): void => {
    bar.setTotal(Math.max(total, 1));
    bar.update(done, { state, note: clean(note) });
  };
  let last = { state: 'planning', total: 0, done: 0 };
  return {
    tell: ({ event, data }) => {
      if (event === 'state') {
        const { state, done, total, problem } = stateSchema.parse(data);
        last = { state, done, total };
        show(
          done,
          total,
          state,
          problem ? `${problem.code}${problem.retryAt ? `, again at ${problem.retryAt}` : ''}` : '',
        );
      } else if (event === 'progress') {
        const { stage, done, total } = stageSchema.parse(data);
        show(done, total, last.state, `reading ${stage}`);
      } else if (event === 'target') {
        const { reference, outcome } = targetSchema.parse(data);
        last = { ...last, done: Math.min(last.done + 1, last.total) };
        show(last.done, last.total, last.state, `${reference} ${outcome}`);
      }
    },
    end: () => bar.stop(),
  };
};
