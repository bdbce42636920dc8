import { parseArgs } from 'node:util';
import { writeFigures, type Figure } from './report.js';
import { collection, collectionAtTenTimes } from './collection.js';
import { acceptance } from './service/acceptance.js';
import { bigRepository } from './service/big-repository.js';
import { bulk } from './service/bulk.js';
import { fairness } from './service/fairness.js';
import { memory } from './service/memory.js';
import { start } from './service/start.js';
import { whileCollecting } from './service/while-collecting.js';

const KINDS: Readonly<Record<string, (rounds: number) => Promise<Figure[]>>> = {
  bulk,
  'big-repository': bigRepository,
  acceptance,
  fairness,
  start,
  memory,
  collection,
  'collection-at-10-times': collectionAtTenTimes,
  'while-collecting': whileCollecting,
};

const HELP = `npm run bench -- [options]: measures, and writes docs/benchmarks.md and .json

  --only KIND[,KIND]  ${Object.keys(KINDS).join(', ')}
  --rounds N          of each, of which the median counts (5)`;

const { values } = parseArgs({
  options: {
    only: { type: 'string' },
    rounds: { type: 'string', default: '5' },
    help: { type: 'boolean', short: 'h', default: false },
  },
});
if (values.help) {
  console.log(HELP);
  process.exit();
}
const wanted = values.only?.split(',') ?? Object.keys(KINDS);
for (const kind of wanted) {
  const measure = KINDS[kind];
  if (!measure) throw new Error(`unknown: ${kind}; there are ${Object.keys(KINDS).join(', ')}`);
  const figures = await measure(Number(values.rounds));
  for (const { measured, sexton, unit, peer, notes } of figures) {
    console.log(
      `${kind}: ${measured}: ${sexton.toFixed(2)} ${unit}; ${peer.name}: ${peer.value.toFixed(2)}. ${notes ?? ''}`,
    );
  }
  writeFigures(kind, figures);
}
