import { spawnSync } from 'node:child_process';
import { stat } from 'node:fs/promises';
import { arch, platform, userInfo } from 'node:os';
import { join } from 'node:path';
import pg from 'pg';
import { z } from 'zod';
import { startEmbeddedPostgres } from '../src/database/embedded-postgres.js';
import { startServer, type ChildServer } from './child-server.js';
import { freePort } from './free-port.js';

const FAST_STOP_MS = 10_000;
/** It recovers first, and everybody wants to connect at once. */
const START_MS = 120_000;

/** How it goes down: orderly, as in a crash of the whole server, or as in a crash of one of its sessions. */
export type PostgresStop = 'fast' | 'immediate' | 'crash';

export interface PostgresServer {
  readonly url: string;
  log(): string;
  /** Whether its process runs; one that found no room on its disk may end by itself. */
  isRunning(): boolean;
  start(): Promise<void>;
  /** `crash` kills -9 one session: the server then ends all of them, recovers and goes on by itself. */
  down(how: PostgresStop): Promise<void>;
  stop(): Promise<void>;
}

const binariesSchema = z.object({ postgres: z.string() });

/** PostgreSQL refuses to run as root: it runs as the owner of its files, as src/database/embedded-postgres.ts has it. */
const asOwnerOf = async (directory: string): Promise<readonly string[]> => {
  if (userInfo().uid !== 0) return [];
  const { uid, gid } = await stat(directory);
  const drop = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  const keep = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override'];
  const mayKeep = spawnSync('setpriv', [...drop, ...keep, 'true']).status === 0;
  return ['setpriv', ...drop, ...(mayKeep ? keep : [])];
};

/** Runs the PostgreSQL of `embedded-postgres` in `dataDir` as a child of ours, on one port whatever happens to it. */
export const startPostgres = async (dataDir: string): Promise<PostgresServer> => {
  // Makes the cluster, its password and its database, as Sexton does.
  const embedded = await startEmbeddedPostgres(dataDir);
  await embedded.stop();
  const { postgres } = binariesSchema.parse(await import(`@embedded-postgres/${platform()}-${arch()}`));
  const directory = join(dataDir, 'postgres');
  const port = await freePort();
  const url = Object.assign(new URL(embedded.url), { port: String(port) }).href;
  const asked = async <T extends pg.QueryResultRow>(query: string): Promise<T[]> => {
    const client = new pg.Client({ connectionString: url, connectionTimeoutMillis: 2_000 });
    client.on('error', () => undefined);
    await client.connect();
    try {
      return (await client.query<T>(query)).rows;
    } finally {
      await client.end().catch(() => undefined);
    }
  };
  const settings = {
    port,
    listen_addresses: '127.0.0.1',
    unix_socket_directories: '',
    max_connections: 300,
    max_wal_size: '64MB',
    min_wal_size: '32MB',
  };
  const prefix = await asOwnerOf(directory);
  const flags = Object.entries(settings).flatMap(([name, value]) => ['-c', `${name}=${value}`]);
  const [command = postgres, ...args] = [...prefix, postgres, '-D', directory, ...flags];
  const isUp = async (): Promise<boolean> => (await asked('select 1')).length === 1;
  const start = (): Promise<ChildServer> =>
    startServer(command, args, isUp, { ...process.env, LC_MESSAGES: 'C' }, { withinMs: START_MS });
  let server = await start();
  const isRunning = (): boolean => server.child.exitCode === null && server.child.signalCode === null;
  return {
    url,
    log: () => server.log(),
    isRunning,
    start: async () => {
      if (!isRunning()) server = await start();
    },
    down: async (how) => {
      if (how === 'fast') {
        // Asked to end while it recovers from a crash, PostgreSQL 18 may stay "stopping" for ever, with nothing left but
        // its I/O workers and checkpointer (seen). Whoever runs it then insists, as systemd and Kubernetes do.
        const insist = setTimeout(() => server.child.kill('SIGQUIT'), FAST_STOP_MS);
        await server.stop('SIGINT');
        clearTimeout(insist);
      }
      if (how === 'immediate') await server.stop('SIGQUIT');
      if (how === 'crash') {
        const rows = await asked<{ pid: number }>(
          "select pid from pg_stat_activity where backend_type = 'client backend' and pid <> pg_backend_pid() limit 1",
        ).catch((error: unknown) => {
          // cannot_connect_now: it recovers from the crash before this one.
          if (error instanceof pg.DatabaseError && error.code === '57P03') return [];
          throw error;
        });
        for (const { pid } of rows) process.kill(pid, 'SIGKILL');
      }
    },
    stop: () => server.stop('SIGQUIT'),
  };
};
