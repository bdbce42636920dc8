import { randomBytes } from 'node:crypto';
import { collect, type CollectResult } from '../collections/engine/collect.js';
import { FileJournal } from '../collections/engine/file-journal.js';
import { REMARK_AFTER_MS } from '../collections/engine/surveyor.js';
import type { DescribedLook } from '../collections/engine/described-look.js';
import { withLock } from '../collections/engine/storage-lock.js';
import { CommandError, EXIT, type ExitCode } from './exit-codes.js';
import { printLook } from './storage-report.js';
import { withSurveyor } from './storage-open.js';

/** What commander parsed; its types are those of the options in storage-commands.ts. */
interface CollectOptions {
  readonly storage: string;
  readonly dryRun?: boolean;
  readonly grace: number;
  readonly untagged: 'keep' | 'collect';
  readonly untaggedMinAge: number;
  readonly json?: boolean;
  readonly cache?: string | boolean;
  readonly v1?: boolean;
}

/** Each batch looks anew at every folder on its way, and waits once for the disk. */
const BATCH_SIZE = 2_000;

export const newRunId = (): string =>
  `${new Date().toISOString().replace(/[-:]|\.\d+/g, '')}-${randomBytes(3).toString('hex')}`;

export const exitCodeOf = (look: DescribedLook): ExitCode => {
  if (look.blocked !== null) return EXIT.refused;
  return look.faults.some((fault) => fault.undecided !== 'nothing') ? EXIT.incomplete : EXIT.done;
};

/** `sexton storage collect`. */
export const runCollect = async (parsed: unknown): Promise<ExitCode> => {
  const options = parsed as CollectOptions;
  if (options.v1 === true && options.untagged === 'collect') {
    throw new CommandError('with --v1 every image that no tag leads to goes; --untagged says nothing there');
  }
  const rules = {
    graceMs: options.grace,
    untaggedMinAgeMs: options.untagged === 'collect' ? options.untaggedMinAge : null,
  };
  return withSurveyor(options, async ({ root, surveyor }) => {
    let look: DescribedLook;
    let swept: CollectResult<DescribedLook> | null = null;
    if (options.dryRun) {
      look = await surveyor.look(rules);
    } else {
      const how = { ...rules, newRunId, batchSize: BATCH_SIZE, remarkAfterMs: REMARK_AFTER_MS };
      swept = await withLock(root, () => collect(surveyor, new FileJournal(root), how));
      look = swept.first;
    }
    await printLook(look, swept, options.json ?? false);
    return exitCodeOf(look);
  });
};
