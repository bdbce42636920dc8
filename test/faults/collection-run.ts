import { readdir } from 'node:fs/promises';
import { join, relative } from 'node:path';
import { pushImage } from '../../tools/images.js';
import { makeTemplate, type Size, type Template } from './deletion-run.js';
import { until } from './fleet.js';
import { inject } from './inject.js';
import { judgeAudit, judgeProcesses } from './invariants.js';
import type { RunResult } from './report.js';
import { scheduleOf } from './schedule.js';
import { onStage, type Stage } from './stage.js';
import { pull } from './world.js';

/** Living tags of a registry from which others went. */
export interface Collectable {
  readonly living: readonly (readonly [string, string])[];
}

const SETTLE_MS = 600_000;
const STATES = ['succeeded', 'failed', 'cancelled'];

/** Images that share layers; every other one is deleted, and what only those needed is garbage. */
export const collectionTemplate = (repositories: number, images: number): Promise<Template<Collectable>> =>
  makeTemplate(async (registryUrl) => {
    const living: (readonly [string, string])[] = [];
    for (let number = 0; number < repositories; number += 1) {
      const repository = `team-${number}/app`;
      for (let image = 0; image < images; image += 1) {
        const tag = `v${image}`;
        const content = `${repository} ${tag}`;
        const layers = [`own of ${content}`, `shared by two in ${repository} ${Math.floor(image / 4)}`];
        const { digest } = await pushImage({ registryUrl, repository }, { tags: [tag], content, layers });
        if (image % 2 === 0) living.push([repository, tag]);
        else await fetch(`${registryUrl}/v2/${repository}/manifests/${digest}`, { method: 'DELETE' });
      }
    }
    return { living };
  });

/** Every file of the registry's, without Sexton's own. */
const filesOf = async (root: string): Promise<readonly string[]> => {
  const found: string[] = [];
  for (const entry of await readdir(root, { withFileTypes: true, recursive: true })) {
    const path = relative(root, join(entry.parentPath, entry.name));
    if (entry.isFile() && !path.split('/').some((part) => part.startsWith('.sexton'))) found.push(path);
  }
  return found.sort();
};

interface View {
  readonly id: string;
  readonly state: string;
  readonly problem: unknown;
  readonly createdAt: string;
  readonly finishedAt: string | null;
  readonly quarantined: { readonly count: number };
  readonly restored: { readonly count: number };
}

const ask = async ({ fleet }: Stage, path: string, body?: unknown): Promise<View> => {
  const answer = await fetch(`${fleet.of('api', 0).url}${path}`, {
    method: body ? 'POST' : 'GET',
    headers: { authorization: `Bearer ${fleet.adminKey}`, 'content-type': 'application/json' },
    body: body ? JSON.stringify(body) : null,
  });
  if (!answer.ok) throw new Error(`${answer.status} ${await answer.text()}`);
  return (await answer.json()) as View;
};

const collect = async (stage: Stage, during: () => Promise<unknown>): Promise<View> => {
  const request = { registry: 'prod', mode: 'collect', when: 'now', reason: 'a fault run' };
  const { id } = await ask(stage, '/v1/collections', request);
  await during();
  let last: View | null = null;
  const isOver = async () => STATES.includes((last = await ask(stage, `/v1/collections/${id}`)).state);
  await until('the collection ends', SETTLE_MS, isOver).catch(() => undefined);
  if (!last) throw new Error('the collection cannot be read');
  return last;
};

const collectable = (storageDir: string) => ({
  storage: { filesystem: storageDir },
  collection: { engine: 'sexton', grace: '0s', batchSize: 1, healEvery: '1s' },
});

/** What an undisturbed collection leaves: the measure of the others. */
export const undisturbed = (
  template: Template<Collectable>,
  say: (line: string) => void,
): Promise<{ readonly files: readonly string[]; readonly quarantined: number }> =>
  onStage({ seed: 0, template: template.directory, say, registry: collectable }, async (stage) => {
    const end = await collect(stage, async () => undefined);
    if (end.state !== 'succeeded') throw new Error(`undisturbed, and yet ${JSON.stringify(end)}`);
    return { files: await filesOf(stage.registry.storageDir), quarantined: end.quarantined.count };
  });

/** One seed: a collection in progress, the script, pulls all the while; the end must be that of an undisturbed one. */
export const runCollection = (
  seed: number,
  size: Size,
  template: Template<Collectable>,
  expected: Awaited<ReturnType<typeof undisturbed>>,
  say: (line: string) => void,
): Promise<RunResult> =>
  onStage({ seed, template: template.directory, say, registry: collectable }, async (stage) => {
    const began = Date.now();
    const { fleet, registry, pool, disk } = stage;
    const { living } = template.content;
    const violations: string[] = [];
    let isOver = false;
    let pulls = 0;
    const pulling = (async () => {
      while (!isOver) {
        for (const [repository, tag] of living) {
          const fault = await pull(registry.url, repository, tag);
          pulls += 1;
          if (fault !== null) violations.push(`a pull of ${repository}:${tag} failed meanwhile: ${fault}`);
          if (isOver) return;
        }
      }
    })();
    const schedule = scheduleOf(seed, { ...size, canFillDisk: disk !== null });
    let injected: Awaited<ReturnType<typeof inject>> | null = null;
    const end = await collect(stage, async () => (injected = await inject(schedule, stage))).finally(() => {
      isOver = true;
    });
    await pulling;
    await fleet.untilReady();
    if (end.state !== 'succeeded')
      violations.push(`the collection is ${end.state}: ${JSON.stringify(end.problem)}`);
    const files = await filesOf(registry.storageDir);
    const there = new Set(files);
    for (const path of expected.files) if (!there.has(path)) violations.push(`lost: ${path}`);
    const should = new Set(expected.files);
    for (const path of files) if (!should.has(path)) violations.push(`left: ${path}`);
    for (const [repository, tag] of living) {
      const fault = await pull(registry.url, repository, tag);
      if (fault !== null) violations.push(`${repository}:${tag} should pull: ${fault}`);
    }
    const { rows } = await pool.query<{ action: string; n: number }>(
      `select action, count(*)::int as n from audit_events where action like 'collection.%' group by 1`,
    );
    const events = new Map(rows.map(({ action, n }) => [action, n]));
    for (const action of ['collection.requested', 'collection.started', 'collection.finished']) {
      if (events.get(action) !== 1) violations.push(`${events.get(action) ?? 0} events ${action}`);
    }
    const audit = await judgeAudit(stage);
    violations.push(...audit.violations, ...judgeProcesses(fleet));
    for (const line of new Set(fleet.errorLines)) stage.say(`    logged by ${line}`);
    const { done, broken } = injected ?? { done: [], broken: ['the script did not run'] };
    return {
      seed,
      kind: 'collection',
      violations: [...violations, ...broken],
      faults: done,
      skipped: disk ? [] : ['fill-disk'],
      facts: {
        pulls,
        secondsOfCollection: (Date.parse(end.finishedAt ?? '') - Date.parse(end.createdAt)) / 1000,
        quarantined: end.quarantined.count,
        broughtBack: end.restored.count,
        processStarts: fleet.starts(),
        auditEvents: audit.events,
        seconds: (Date.now() - began) / 1000,
      },
    };
  });
