import { PROGRAM } from '../faults/fleet.js';
import type { Stage } from '../faults/stage.js';
import type { World } from '../faults/world.js';
import type { PreviousBuild } from './previous-build.js';
import { UpgradeRun } from './upgrade-run.js';

/**
 * A rolling upgrade: the old build alone; then the new one's API beside it, on the schema that it made, with the old
 * worker doing all the work; then the new worker in its place; then the new build alone. Each step has a repository of its
 * own. Returns what was not as it must be.
 */
export const rollUpgrade = async (
  stage: Stage,
  world: World,
  old: PreviousBuild,
): Promise<readonly string[]> => {
  const run = new UpgradeRun(stage, world);
  try {
    await roll(run, stage, world, old);
  } catch (error) {
    run.violations.push(error instanceof Error ? error.message : String(error));
    run.show('the rest');
    for (const line of stage.fleet.errorLines.slice(-3)) stage.say(`    logged by ${line}`);
  }
  return run.violations;
};

const roll = async (
  run: UpgradeRun,
  { fleet }: Stage,
  { asked }: World,
  old: PreviousBuild,
): Promise<void> => {
  const [oldApi, newApi] = [fleet.of('api', 0), fleet.of('api', 1)];
  const [oldWorker, newWorker] = [fleet.of('worker', 0), fleet.of('worker', 1)];
  const [first, second, third, fourth] = [...new Set(asked.map(({ repository }) => repository))];
  if (!first || !second || !third || !fourth) throw new Error('the world has too few repositories');

  const before = await run.schema();
  run.must(before.join() === old.migrations.join(), `the old build made ${before.join(', ')}`);
  const early = await run.ask(first, [oldApi]);
  await run.judge(first, oldWorker);
  run.show(
    `the old build alone: a database up to ${before.at(-1)}, ${early.length} deletions done and verified`,
  );

  newApi.start(PROGRAM);
  await run.untilReady(newApi);
  const added = (await run.schema()).filter((name) => !before.includes(name));
  run.show(`a new API started beside it and ran ${added.length === 0 ? 'no migration' : added.join(', ')}`);

  const mixed = await run.ask(second, [oldApi, newApi]);
  await run.judge(second, oldWorker);
  run.show(
    `${mixed.length} deletions, accepted by the old and the new API, done by the old worker and verified`,
  );

  await run.restore(mixed, newApi, oldWorker);
  await run.restore(mixed, oldApi, oldWorker);
  await run.restore(early, newApi, oldWorker);
  run.show('3 restores, asked of the new and of the old API, done by the old worker: they pull again');

  const events = [await run.audit(oldApi), await run.audit(newApi)];
  run.show(
    `the audit chain of both is whole (${events.join(' and ')} events), say both APIs and the command`,
  );

  if (old.startsOnNewer) {
    await oldWorker.end();
    oldWorker.start();
    await run.untilReady(oldWorker);
    run.show('the old worker started again on the new schema');
  }

  await oldWorker.end();
  const waiting = await run.ask(third, [oldApi, newApi]);
  newWorker.start(PROGRAM);
  await run.untilReady(newWorker);
  await run.judge(third, newWorker);
  run.show(`a new worker took over: ${waiting.length} deletions that had waited for one, from both APIs`);

  await run.restore(early, oldApi, newWorker);
  run.show('a restore of what the old worker deleted, asked of the old API, done by the new worker');

  await oldApi.end();
  const late = await run.ask(fourth, [newApi]);
  await run.judge(fourth, newWorker);
  await run.audit(newApi);
  run.show(
    `the new build alone: ${late.length} more deletions, and the audit chain whole from its first event on`,
  );

  await run.judgeAll(newApi);
  run.show(
    'each Idempotency-Key leads to its deletion, whichever build accepted it; nothing ended by itself',
  );
};
