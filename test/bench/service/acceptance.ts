import pg from 'pg';
import { ulid } from 'ulid';
import { median, percentile, timed, type Figure } from '../report.js';
import { ask } from './client.js';
import { inWorld, type World } from './world.js';

const CONNECTIONS = 64;
const REQUESTS = 4_000;

/** Keeps `CONNECTIONS` calls under way until `REQUESTS` were made; each one's milliseconds. */
const hammer = async (
  call: (n: number) => Promise<unknown>,
): Promise<{ perSecond: number; ms: number[] }> => {
  const ms: number[] = [];
  let next = 0;
  const client = async (): Promise<void> => {
    while (next < REQUESTS) {
      const n = next++;
      ms.push(await timed(() => call(n)));
    }
  };
  const allMs = await timed(() => Promise.all(Array.from({ length: CONNECTIONS }, client)));
  return { perSecond: (REQUESTS / allMs) * 1000, ms };
};

/** The three rows that an accepted request is, by the same driver, in as many connections as Sexton has. */
const bareTransaction = (pool: pg.Pool) => async (): Promise<void> => {
  const client = await pool.connect();
  const id = ulid();
  try {
    await client.query('begin');
    await client.query('insert into bench_deletions values ($1, $2, $3)', [
      id,
      'prod/app',
      '{"reason": "x"}',
    ]);
    await client.query('insert into bench_targets values ($1, $2)', [id, 'v1']);
    await client.query('insert into bench_events values ($1, $2)', [id, '{"action": "deletion.requested"}']);
    await client.query('commit');
  } finally {
    client.release();
  }
};

const TABLES = `
  create table if not exists bench_deletions (id text primary key, repository text, body jsonb);
  create table if not exists bench_targets (id text primary key, reference text);
  create table if not exists bench_events (id text primary key, body jsonb)`;

/** How many requests are accepted durably in a second, beside the bare transaction on the same database. */
export const acceptance = (rounds: number): Promise<Figure[]> =>
  inWorld(
    async (world: World) => {
      const pool = new pg.Pool({ connectionString: world.databaseUrl, max: 10 });
      try {
        await pool.query(TABLES);
        const rates = { sexton: [] as number[], bare: [] as number[] };
        const p99: number[] = [];
        for (let round = 0; round < rounds; round++) {
          const sexton = await hammer((n) => ask(world, `acceptance-${round}/app-${n % 500}`, ['v1']));
          rates.sexton.push(sexton.perSecond);
          p99.push(percentile(sexton.ms, 0.99));
          rates.bare.push((await hammer(bareTransaction(pool))).perSecond);
        }
        const [sexton, bare] = [median(rates.sexton), median(rates.bare)];
        return [
          {
            measured: `durable POST /v1/deletions at ${CONNECTIONS} connections`,
            unit: 'per second',
            sexton,
            peer: { name: 'the same three rows in one transaction, bare', value: bare },
            aim: 'at least half',
            met: sexton >= bare / 2,
            notes: `${(sexton / bare).toFixed(2)} of the bare rate; p99 ${median(p99).toFixed(0)} ms`,
          },
        ];
      } finally {
        await pool.end();
      }
    },
    { args: ['--role', 'api'] },
  );
