import { execFile } from 'node:child_process';
import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import type pg from 'pg';
import { sha256 } from '../../tools/blobs.js';
import type { Accepted } from './asking.js';
import { until, type Fleet, type Slot } from './fleet.js';
import type { Stage } from './stage.js';
import { pull, type World } from './world.js';
import type { RecordedEnd } from './writers.js';

const COMMAND = fileURLToPath(new URL('../../bin/sexton.mjs', import.meta.url));

interface DeletionRow {
  readonly id: string;
  readonly state: string;
  readonly problem: { readonly code: string; readonly message: string } | null;
}
interface TargetRow {
  readonly deletion_id: string;
  readonly reference: string;
  readonly digest: string;
  readonly outcome: string | null;
  readonly message: string | null;
  readonly repository: string;
  readonly finished_at: Date | null;
}

/** What is still open, in words; empty when everything ended. */
export const stillOpen = async (pool: pg.Pool): Promise<readonly string[]> => {
  const { rows } = await pool.query<DeletionRow & { repository: string; attempts: number }>(
    `select id, state, problem, repository, attempts, not_before, clock_timestamp() as now from deletions
     where state in ('planning', 'queued', 'running') or restore_request is not null order by id`,
  );
  return rows.map(
    ({ id, state, repository, attempts, problem }) =>
      `${id} in ${repository} is ${state} after ${attempts} attempts: ${problem?.code ?? 'no problem noted'}`,
  );
};

/** Every accepted deletion ended once, as it must, with its tombstones and its audit events. */
export const judgeDeletions = async (
  pool: pg.Pool,
  accepted: readonly Accepted[],
): Promise<{ readonly violations: string[]; readonly ends: readonly RecordedEnd[] }> => {
  const violations: string[] = [];
  const { rows: deletions } = await pool.query<DeletionRow>('select id, state, problem from deletions');
  const { rows: targets } = await pool.query<TargetRow>(
    `select t.*, d.repository from deletion_targets t join deletions d on d.id = t.deletion_id order by 1, t.position`,
  );
  const { rows: stones } = await pool.query<{ deletion_id: string; digest: string; bytes: Buffer }>(
    'select deletion_id, digest, bytes from tombstones',
  );
  const { rows: events } = await pool.query<{
    deletion_id: string;
    action: string;
    digest: string | null;
    n: number;
  }>(
    `select deletion_id, action, digest, count(*)::int as n from audit_events where deletion_id is not null group by 1, 2, 3`,
  );
  const byId = new Map(deletions.map((row) => [row.id, row]));
  for (const { asked, id } of accepted) {
    const wrong = (what: string) => violations.push(`${asked.key} (${id}): ${what}`);
    const row = byId.get(id);
    if (!row) {
      wrong('accepted, and not there');
      continue;
    }
    if (row.state !== asked.state) wrong(`${row.state}, not ${asked.state}: ${JSON.stringify(row.problem)}`);
    const own = targets.filter((target) => target.deletion_id === id);
    if (own.length !== asked.outcomes.size) wrong(`${own.length} targets, not ${asked.outcomes.size}`);
    for (const { digest, outcome, reference, message } of own) {
      const right = asked.outcomes.get(digest);
      if (outcome !== right) wrong(`${reference} ended ${outcome}, not ${right}: ${message}`);
      const stone = stones.find((one) => one.deletion_id === id && one.digest === digest);
      if (!stone) wrong(`${reference} went without a tombstone`);
      else if (sha256(stone.bytes) !== digest) wrong(`the tombstone of ${reference} is not what went`);
    }
    const count = (action: string, digest?: string) =>
      events
        .filter(
          (e) => e.deletion_id === id && e.action === action && (digest === undefined || e.digest === digest),
        )
        .reduce((sum, { n }) => sum + n, 0);
    const once = (action: string, digest?: string) => {
      if (count(action, digest) !== 1) wrong(`${count(action, digest)} events ${action} ${digest ?? ''}`);
    };
    once('deletion.requested');
    if (asked.state === 'refused') once('deletion.refused');
    else for (const action of ['planned', 'queued', 'started', 'finished']) once(`deletion.${action}`);
    for (const [digest, outcome] of asked.outcomes) once(`target.${outcome}`, digest);
  }
  const ends = targets.flatMap(({ repository, digest, finished_at: at }) =>
    at === null ? [] : [{ repository, digest, at: at.getTime() }],
  );
  return { violations, ends };
};

/** What is there was accepted: nobody was told of a deletion that is not, or got two for one key. */
export const judgeCount = async (pool: pg.Pool, accepted: readonly Accepted[]): Promise<string[]> => {
  const { rows } = await pool.query<{ n: number }>('select count(*)::int as n from deletions');
  const there = rows[0]?.n ?? 0;
  return there === accepted.length
    ? []
    : [`${accepted.length} deletions were accepted, and ${there} are there`];
};

/** What had to go is gone, and what had to stay still pulls, as the registry itself says. */
export const judgeRegistry = async (registryUrl: string, world: World): Promise<string[]> => {
  const violations: string[] = [];
  for (const [repository, reference] of world.gone) {
    const found = await pull(registryUrl, repository, reference);
    if (found !== 'absent')
      violations.push(`${repository} ${reference} should be gone: ${found ?? 'it pulls'}`);
  }
  for (const [repository, reference] of world.stays) {
    const fault = await pull(registryUrl, repository, reference);
    if (fault !== null) violations.push(`${repository} ${reference} should pull: ${fault}`);
  }
  return violations;
};

/** A process outlives the faults of what it depends on. One that could not start says so, and is started again. */
export const judgeProcesses = ({ unexpectedEnds }: Fleet): string[] =>
  unexpectedEnds
    .filter(({ wasReady }) => wasReady)
    .map(({ process, how, lastLines }) => `${process} ended by itself with ${how}: ${lastLines}`);

/** The chain is whole to its end, as the API says and as the exported file shows without it. */
export const judgeAudit = async (
  { fleet, home, pool }: Stage,
  api = fleet.of('api', 0),
): Promise<{ violations: string[]; events: number }> => {
  const violations: string[] = [];
  await until('the audit log is sealed', 60_000, async () => {
    const { rows } = await pool.query<{ n: number }>('select count(*)::int as n from audit_unsealed');
    return rows[0]?.n === 0;
  }).catch((error: unknown) => violations.push(String(error)));
  const headers = { authorization: `Bearer ${fleet.adminKey}` };
  const answer = await fetch(`${api.url}/v1/audit/verification`, { headers });
  const said = (await answer.json()) as { status: string; unsealed: number; events: number; fault: unknown };
  if (said.status !== 'whole') violations.push(`the chain is ${said.status}: ${JSON.stringify(said.fault)}`);
  if (said.unsealed !== 0) violations.push(`${said.unsealed} events are not sealed`);
  const exported = await fetch(`${api.url}/v1/audit/export?format=ndjson`, { headers });
  const file = join(home, 'audit.ndjson');
  await writeFile(file, await exported.text());
  const { stdout } = await promisify(execFile)(process.execPath, [
    COMMAND,
    'audit',
    'verify',
    '--json',
    file,
  ]).catch((error: unknown) => ({ stdout: JSON.stringify({ status: 'broken', error: String(error) }) }));
  const report = JSON.parse(stdout) as { status: string; events?: number; contiguous?: boolean };
  if (report.status !== 'whole' || report.contiguous === false)
    violations.push(`the export is not whole: ${stdout}`);
  if ((report.events ?? 0) < said.events)
    violations.push(`${report.events} events exported of ${said.events}`);
  return { violations, events: said.events };
};

/** The same key leads to the same deletion for ever, through every API. */
export const judgeKeys = async (
  apis: readonly Slot[],
  adminKey: string,
  accepted: readonly Accepted[],
): Promise<string[]> => {
  const violations: string[] = [];
  for (const [index, { asked, id }] of accepted.entries()) {
    if (index % 10 !== 0) continue;
    for (const { url } of apis) {
      const again = await fetch(`${url}/v1/deletions`, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${adminKey}`,
          'content-type': 'application/json',
          'idempotency-key': asked.key,
        },
        body: JSON.stringify({
          registry: 'prod',
          repository: asked.repository,
          references: asked.references,
          siblings: asked.siblings,
          reason: 'a fault run',
        }),
      });
      await again.arrayBuffer();
      if (!again.headers.get('location')?.endsWith(id)) {
        violations.push(
          `${asked.key} led to ${id}, and now ${again.status} ${again.headers.get('location')}`,
        );
      }
    }
  }
  return violations;
};
