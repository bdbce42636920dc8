import { parseArgs } from 'node:util';
import { collectionTemplate, runCollection, undisturbed } from './collection-run.js';
import { deletionTemplate, runDeletions, type Size } from './deletion-run.js';
import { conclude, type RunResult } from './report.js';

/** 500 deletions over 50 repositories. */
const LONG: Size = { repositories: 50, lengthMs: 24_000, faults: 12 };
/** What `npm test` plays: under a minute where the machine has nothing else to do. */
const SHORT: Size = { repositories: 4, lengthMs: 18_000, faults: 6 };

const HELP = `npm run test:faults -- [options]: the promises, kept while processes are killed and starved

  --only KIND       deletions, or collection; both by default
  --seeds N         play the seeds 1 to N (20)
  --seed N          play this one
  --minutes N       begin no further seed after so long (60)
  --repositories N  ten deletions each (50)
  --small           a size that takes under a minute
  --write           write docs/fault-runs.md and .json
  --append          the same, and keep what stands there of other seeds`;

const { values } = parseArgs({
  options: {
    help: { type: 'boolean', short: 'h', default: false },
    seed: { type: 'string' },
    seeds: { type: 'string', default: '20' },
    minutes: { type: 'string', default: '60' },
    repositories: { type: 'string' },
    only: { type: 'string' },
    small: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    append: { type: 'boolean', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit();
}
const say = (line: string): void => void process.stdout.write(`${line}\n`);
const usual = values.small ? SHORT : LONG;
const size = { ...usual, repositories: Number(values.repositories ?? usual.repositories) };
const seeds =
  values.seed === undefined
    ? Array.from({ length: Number(values.seeds) }, (_, index) => index + 1)
    : [Number(values.seed)];
const deadline = Date.now() + Number(values.minutes) * 60_000;
const results: RunResult[] = [];

/** Plays the seeds until the time is over. */
const each = async (kind: RunResult['kind'], play: (seed: number) => Promise<RunResult>): Promise<void> => {
  for (const seed of seeds) {
    if (Date.now() > deadline) {
      say(`${values.minutes} minutes are over: seed ${seed} and those after it were not played`);
      return;
    }
    say(`${kind}, seed ${seed}`);
    const result = await play(seed);
    results.push(result);
    say(`  ${JSON.stringify(result.facts)}`);
    for (const violation of result.violations) say(`  VIOLATION ${violation}`);
  }
};

const isPlayed = (kind: RunResult['kind']): boolean => values.only === undefined || values.only === kind;
if (isPlayed('deletions')) {
  const template = await deletionTemplate(size);
  await each('deletions', (seed) => runDeletions(seed, size, template, say)).finally(() => template.remove());
}
if (isPlayed('collection')) {
  const template = await collectionTemplate(values.small ? 2 : 6, values.small ? 12 : 24);
  try {
    const expected = await undisturbed(template, say);
    await each('collection', (seed) => runCollection(seed, size, template, expected, say));
  } finally {
    await template.remove();
  }
}
process.exitCode = await conclude(results, {
  isWritten: values.write || values.append,
  isAdded: values.append,
  say,
});
