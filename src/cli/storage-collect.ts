import { randomBytes } from 'node:crypto';
import { collect, type CollectResult } from '../collections/engine/collect.js';
import { FileJournal } from '../collections/engine/file-journal.js';
import type { Garbage } from '../collections/engine/garbage.js';
import { withLock } from '../collections/engine/storage-lock.js';
import { survey } from '../collections/engine/survey.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { printGarbage } from './storage-report.js';
import { withStorage } from './storage-open.js';

/** What commander parsed; its types are those of the options in storage-commands.ts. */
interface CollectOptions {
  readonly storage: string;
  readonly dryRun?: boolean;
  readonly grace: number;
  readonly untagged: 'keep' | 'collect';
  readonly untaggedMinAge: number;
  readonly json?: boolean;
  readonly cache?: string | boolean;
}

const BATCH_SIZE = 500;
const REMARK_AFTER_MS = 60_000;

export const newRunId = (): string =>
  `${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}-${randomBytes(3).toString('hex')}`;

export const exitCodeOf = (garbage: Garbage): ExitCode => {
  if (garbage.blocked !== null) return EXIT.refused;
  return garbage.faults.some((fault) => fault.undecided !== 'nothing') ? EXIT.incomplete : EXIT.done;
};

/** `sexton storage collect`. */
export const runCollect = async (parsed: unknown): Promise<ExitCode> => {
  const options = parsed as CollectOptions;
  const rules = {
    graceMs: options.grace,
    untaggedMinAgeMs: options.untagged === 'collect' ? options.untaggedMinAge : null,
  };
  return withStorage(options.storage, options.cache, async ({ root, tools }) => {
    let garbage: Garbage;
    let swept: CollectResult | null = null;
    if (options.dryRun) {
      garbage = await survey(tools, rules);
    } else {
      swept = await withLock(root, () =>
        collect(
          { ...tools, journal: new FileJournal(root) },
          { ...rules, newRunId, batchSize: BATCH_SIZE, remarkAfterMs: REMARK_AFTER_MS },
        ),
      );
      garbage = swept.first;
    }
    await printGarbage(garbage, swept, options.json ?? false);
    return exitCodeOf(garbage);
  });
};
