import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { startRegistry } from '../../tools/registry-server.js';
import { askUntilAccepted, type Accepted, type AskingFacts } from './asking.js';
import { until } from './fleet.js';
import { inject } from './inject.js';
import {
  judgeAudit,
  judgeCount,
  judgeDeletions,
  judgeKeys,
  judgeProcesses,
  judgeRegistry,
  stillOpen,
} from './invariants.js';
import type { RunResult } from './report.js';
import { scheduleOf } from './schedule.js';
import { onStage, type Stage } from './stage.js';
import { fillWorld, type World } from './world.js';
import { judgeWriters } from './writers.js';

export interface Size {
  readonly repositories: number;
  /** How long the script makes trouble, in milliseconds; deletions come in all of this time. */
  readonly lengthMs: number;
  /** Beside those that every run has (schedule.ts). */
  readonly faults: number;
}

/** A registry's files, filled once and copied for each seed. */
export interface Template<T> {
  readonly directory: string;
  readonly content: T;
  remove(): Promise<void>;
}

/** For a busy machine: nothing here measures speed. */
const SETTLE_MS = 600_000;

export const makeTemplate = async <T>(fill: (registryUrl: string) => Promise<T>): Promise<Template<T>> => {
  const directory = await mkdtemp(join(tmpdir(), 'faults-template-'));
  const registry = await startRegistry({ storageDir: directory });
  try {
    const content = await fill(registry.url);
    return { directory, content, remove: () => rm(directory, { recursive: true, force: true }) };
  } finally {
    await registry.stop();
  }
};

export const deletionTemplate = ({ repositories }: Size): Promise<Template<World>> =>
  makeTemplate((url) => fillWorld(url, repositories));

/** One seed: everything is new, the script runs while deletions are asked for, and then everything is looked at. */
export const runDeletions = (
  seed: number,
  size: Size,
  template: Template<World>,
  say: (line: string) => void,
): Promise<RunResult> =>
  onStage({ seed, template: template.directory, say }, (stage) => play(seed, size, template.content, stage));

const play = async (seed: number, size: Size, world: World, stage: Stage): Promise<RunResult> => {
  const { fleet, link, pool, registry, disk } = stage;
  const say = (line: string): void => stage.say(line);
  const began = Date.now();
  const schedule = scheduleOf(seed, { ...size, canFillDisk: disk !== null });
  const facts: AskingFacts = { statuses: new Map(), wrong: [] };
  const accepted: Accepted[] = [];
  const apis = fleet.slots.filter(({ role }) => role === 'api');
  const asking = world.asked.map(async (asked, index) => {
    // Spread over the script, in an order that changes with the seed.
    const share = ((index * 7919 + seed) % world.asked.length) / world.asked.length;
    await new Promise((done) => setTimeout(done, share * size.lengthMs * 0.95));
    const answer = await askUntilAccepted(
      apis,
      fleet.adminKey,
      asked,
      { first: index, twice: index % 25 === 0 },
      facts,
    );
    if (answer) accepted.push(answer);
  });
  const [injected] = await Promise.all([inject(schedule, stage), ...asking]);
  const healedAt = Date.now();

  const violations: string[] = [...injected.broken, ...facts.wrong];
  if (facts.wrong.length > 0) say(`    PostgreSQL said: ${stage.postgres.log().slice(-2_000)}`);
  const open = () => stillOpen(pool);
  await until('every deletion ends', SETTLE_MS, async () => (await open()).length === 0).catch(async () =>
    violations.push(...(await open()).map((line) => `still open: ${line}`)),
  );
  const settledAt = Date.now();
  await fleet.untilReady();

  const audit = await judgeAudit(stage);
  const deletions = await judgeDeletions(pool, accepted);
  const mayGo = new Set(
    world.asked.flatMap(({ repository, outcomes }) =>
      [...outcomes].flatMap(([digest, outcome]) =>
        outcome === 'deleted' ? [`${repository} ${digest}`] : [],
      ),
    ),
  );
  const writers = judgeWriters(link.mutations, { frozen: injected.frozen, ends: deletions.ends, mayGo });
  violations.push(
    ...(await judgeCount(pool, accepted)),
    ...deletions.violations,
    ...writers.violations,
    ...audit.violations,
    ...(await judgeRegistry(registry.url, world)),
    ...(await judgeKeys(apis, fleet.adminKey, accepted)),
    ...judgeProcesses(fleet),
  );
  for (const line of new Set(fleet.errorLines)) say(`    logged by ${line}`);
  return {
    seed,
    kind: 'deletions',
    violations,
    faults: injected.done,
    skipped: disk ? [] : ['fill-disk'],
    facts: {
      deletions: accepted.length,
      repositories: size.repositories,
      tries: accepted.reduce((sum, { tries }) => sum + tries, 0),
      statuses: Object.fromEntries([...facts.statuses].sort()),
      processStarts: fleet.starts(),
      startsThatFailed: fleet.unexpectedEnds.filter(({ wasReady }) => !wasReady).length,
      upstreamRequests: link.requests(),
      upstreamChanges: writers.mutations,
      takenOver: writers.takenOver,
      leftBehind: writers.leftBehind,
      auditEvents: audit.events,
      secondsToSettle: (settledAt - healedAt) / 1000,
      seconds: (Date.now() - began) / 1000,
    },
  };
};
