import { createReadStream, createWriteStream } from 'node:fs';
import { mkdtemp, rm, stat, writeFile } from 'node:fs/promises';
import { cpus, tmpdir, totalmem } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';
import pg from 'pg';
import { format, resolveConfig } from 'prettier';
import { z } from 'zod';
import { AuditExportService } from '../../src/audit/audit-export.service.js';
import { eventsQuery, sightsOf } from '../../src/audit/audit-events.store.js';
import { auditFiltersSchema } from '../../src/audit/audit-filters.dto.js';
import { listAuditEventsSchema } from '../../src/audit/audit.dto.js';
import { AuditService } from '../../src/audit/audit.service.js';
import { narrowingFor } from '../../src/audit/audit-visibility.js';
import { linesOf } from '../../src/audit/lines.js';
import { FileVerification } from '../../src/audit/offline-verification.js';
import { createDatabase, createPool } from '../../src/database/database.js';
import { startEmbeddedPostgres } from '../../src/database/embedded-postgres.js';
import { migrateToLatest } from '../../src/database/migrate.js';
import type { Caller } from '../../src/identity/caller.js';
import { pagingOf } from '../../src/http/cursor.js';
import { createLogger } from '../../src/telemetry/logger.js';
import { aSigningKey, auditParts } from '../support/audit.js';
import { generateEvents } from './audit-events.js';

/**
 * Measures the audit log at a million events, and writes docs/benchmarks-audit.md. `npm run bench:audit [count]`; some
 * minutes, and some 3 GB in the temporary directory.
 */
const COUNT = Number(process.argv[2] ?? 1_000_000);
const REPORT = fileURLToPath(new URL('../../docs/benchmarks-audit.md', import.meta.url));
const RUNS = 15;

const AUDITOR: Caller = { id: 'key_auditor', name: 'auditor', role: 'auditor', scopes: [], address: null };
const teamOf = (...scopes: string[]): Caller => ({ ...AUDITOR, id: 'key_team', role: 'requester', scopes });
const at = (share: number) => new Date(Date.parse('2025-11-01') + share * COUNT * 31_000).toISOString();

const someEvent = Math.floor(COUNT / 2);
const CASES: readonly (readonly [what: string, query: Record<string, string>, caller?: Caller])[] = [
  ['no filter', {}],
  ['a time range of a day, a year ago', { since: at(0.1), until: at(0.1028) }],
  ['an actor', { actor: 'key_42' }],
  ['an actor that is not there', { actor: 'key_none' }],
  ['an action', { action: 'target.deleted' }],
  ['a registry', { registry: 'prod' }],
  ['a repository of a registry', { registry: 'prod', repository: 'team-42/app-3' }],
  ['a repository', { repository: 'team-42/app-3' }],
  ['a tag that is everywhere', { tag: 'latest' }],
  ['a tag', { tag: 'v7.3' }],
  ['a tag that is there once', { tag: `nightly-${Math.floor(someEvent / 10) * 10 + 5}` }],
  ['a digest that is not there', { digest: `sha256:${'0'.repeat(64)}` }],
  ['a word of every fifth reason', { q: 'credential' }],
  ['words of few reasons', { q: 'CVE-2026-1234' }],
  ['a word that is in none', { q: 'nowhere' }],
  ['a word and a time range', { q: 'credential', since: at(0.5), until: at(0.51) }],
  ['a ticket', { ticket: `OPS-${Math.floor(someEvent / 12)}` }],
  ['a request id', { requestId: `RQ${String(Math.floor(someEvent / 9)).padStart(24, '0')}` }],
  ['an outcome', { outcome: 'failed' }],
  ['a code', { code: 'shared_digest' }],
  ['an address', { actorAddress: '10.1.77.7' }],
  [
    'outcome, registry and an hour',
    { outcome: 'refused', registry: 'dev', since: at(0.5), until: at(0.5001) },
  ],
  ['what one scope covers', {}, teamOf('prod/team-42/**:delete')],
  ['what three scopes cover', {}, teamOf('prod/team-42/**:delete', '*/team-7/app-1:read', 'dev/**:read')],
  ['what a scope covers that nothing is in', {}, teamOf('prod/team-none/**:delete')],
];

const ms = (value: number): string => (value < 10 ? value.toFixed(1) : String(Math.round(value)));
const rssMb = (): number => Math.round(process.memoryUsage().rss / 1e6);

const timed = async <T>(work: () => Promise<T>): Promise<readonly [result: T, ms: number]> => {
  const started = performance.now();
  const result = await work();
  return [result, performance.now() - started];
};

const out: string[] = [];
const say = (line: string): void => {
  out.push(line);
  process.stdout.write(`${line}\n`);
};

const home = await mkdtemp(join(tmpdir(), 'sexton-bench-'));
const postgres = await startEmbeddedPostgres(home);
const pool = createPool(postgres.url, 5);
try {
  const db = createDatabase(pool);
  await migrateToLatest(db);
  const version = (await pool.query<{ server_version: string }>('show server_version')).rows[0]
    ?.server_version;
  say('# The audit log at a million events\n');
  say('Written by `npm run bench:audit`, which makes the events, measures, and writes this page.\n');
  say(
    `${COUNT.toLocaleString('en')} events; Node.js ${process.version}, PostgreSQL ${version ?? ''} (embedded, default settings), ${cpus().length} CPUs (${cpus()[0]?.model ?? ''}), ${Math.round(totalmem() / 1e9)} GB.\n`,
  );

  const parts = auditParts({ db }, { signingKey: aSigningKey(), checkpointMs: 0 });
  const [, generatedMs] = await timed(() => generateEvents(db, COUNT));
  const [sealed, sealedMs] = await timed(() => parts.sealer.sealWaiting());
  await parts.signer.signDue();
  await pool.query('vacuum analyze');
  const size = await pool.query<{ events: string; seals: string }>(
    `select pg_size_pretty(pg_total_relation_size('audit_events')) as events,
            pg_size_pretty(pg_total_relation_size('audit_seals')) as seals`,
  );
  say('## Writing\n');
  say(`- recorded in bulk in ${Math.round(generatedMs / 1000)} s, all indexes included;`);
  say(`- sealed ${Math.round((sealed / sealedMs) * 1000)} events a second;`);
  say(
    `- ${size.rows[0]?.events ?? ''} for the events with their indexes, ${size.rows[0]?.seals ?? ''} for the seals.\n`,
  );

  say('## One page of 50\n');
  say(
    `Milliseconds in the service, median and slowest of ${RUNS} after one to warm up: the first page, and one in the middle of the log (a cursor). The goal is 50.\n`,
  );
  say('| filter | first page | slowest | in the middle | slowest |');
  say('| --- | ---: | ---: | ---: | ---: |');
  const service = new AuditService(db, parts.options, parts.signer);
  for (const [what, query, caller = AUDITOR] of CASES) {
    const figures: string[] = [];
    const first = listAuditEventsSchema.parse(query);
    const { cursorAfter } = pagingOf('audit/events', first, z.unknown());
    const middle = { ...first, cursor: cursorAfter({ at: at(0.5), position: 0 }) };
    for (const parsed of [first, middle]) {
      await service.list(caller, parsed);
      const runs: number[] = [];
      for (let i = 0; i < RUNS; i++) runs.push((await timed(() => service.list(caller, parsed)))[1]);
      runs.sort((a, b) => a - b);
      figures.push(ms(runs[Math.floor(RUNS / 2)] ?? 0), ms(runs.at(-1) ?? 0));
    }
    say(`| ${what} | ${figures.join(' | ')} |`);
  }

  say('\n## Export and verification\n');
  const exporter = new AuditExportService(db, parts.options, parts.log, parts.sealer, createLogger('silent'));
  const file = join(home, 'export.ndjson');
  for (const format of ['ndjson', 'csv'] as const) {
    const wanted = await exporter.begin(AUDITOR, 'bench', { format });
    const sink = createWriteStream(format === 'ndjson' ? file : join(home, 'export.csv'));
    const memory: number[] = [];
    const watch = setInterval(() => memory.push(rssMb()), 250);
    const [, tookMs] = await timed(() => exporter.stream(wanted, sink));
    clearInterval(watch);
    const megabytes = Math.round((await stat(sink.path)).size / 1e6);
    const quarter = (q: number) =>
      Math.max(...memory.slice((memory.length * q) / 4, (memory.length * (q + 1)) / 4));
    say(
      `- ${format}: ${megabytes} MB in ${Math.round(tookMs / 1000)} s; resident memory of the process at most ${[0, 1, 2, 3].map(quarter).join(', ')} MB in its four quarters.`,
    );
  }
  const [online, onlineMs] = await timed(() => service.verify({}));
  say(`- \`GET /v1/audit/verification\`: ${online.status}, ${Math.round(onlineMs / 1000)} s.`);
  const verification = new FileVerification({ keys: parts.options.signingKey && [parts.options.signingKey] });
  const [offline, offlineMs] = await timed(() =>
    verification.verify(linesOf(createReadStream(file, { highWaterMark: 1 << 20 }))),
  );
  say(
    `- \`sexton audit verify\`: ${offline.status}, ${offline.events.toLocaleString('en')} events and ${offline.checkpoints} checkpoints in ${Math.round(offlineMs / 1000)} s; resident memory ${rssMb()} MB at its end.`,
  );

  say('\n## Plans\n');
  const client = new pg.Client({ connectionString: postgres.url });
  await client.connect();
  for (const [what, query, caller = AUDITOR] of CASES) {
    const narrowing = narrowingFor(caller);
    say(`### ${what}\n`);
    for (const sight of sightsOf(narrowing)) {
      const filters = auditFiltersSchema.parse(query);
      const compiled = eventsQuery(db, filters, sight, null, 51).compile();
      const { rows } = await client.query<{ 'QUERY PLAN': string }>(
        `explain (analyze, costs off, buffers off) ${compiled.sql}`,
        [...compiled.parameters],
      );
      say(`\`\`\`\n${rows.map((row) => row['QUERY PLAN']).join('\n')}\n\`\`\`\n`);
    }
  }
  await client.end();
  const style = (await resolveConfig(REPORT)) ?? {};
  await writeFile(REPORT, await format(out.join('\n'), { ...style, parser: 'markdown' }));
} finally {
  await pool.end();
  await postgres.stop();
  await rm(home, { recursive: true, force: true });
}
