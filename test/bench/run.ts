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

/** `npm run bench`, or `npm run bench -- --only bulk --rounds 1`. */
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

const { values } = parseArgs({
  options: { only: { type: 'string' }, rounds: { type: 'string', default: '5' } },
});
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
