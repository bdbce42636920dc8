import { execFile } from 'node:child_process';
import { existsSync, readdirSync } from 'node:fs';
import { chmod, chown, mkdtemp, rm } from 'node:fs/promises';
import { tmpdir, userInfo } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { freePort } from './free-port.js';

const run = promisify(execFile);
const DEBIAN = '/usr/lib/postgresql';

export interface DebianPostgres {
  readonly url: string;
  /** Runs one of PostgreSQL's own programs of the same version, such as pg_dump. */
  call(program: string, args: readonly string[]): Promise<void>;
  stop(): Promise<void>;
}

/** Where Debian's PostgreSQL is, server and client of one version; null without it. The embedded one has no pg_dump. */
const postgresPrograms = (): string | null =>
  (existsSync(DEBIAN) ? readdirSync(DEBIAN) : [])
    .map((version) => join(DEBIAN, version, 'bin'))
    .find((folder) => ['initdb', 'pg_ctl', 'pg_dump'].every((name) => existsSync(join(folder, name)))) ??
  null;

export const hasDebianPostgres = (): boolean => postgresPrograms() !== null;

/** Runs Debian's PostgreSQL on loopback, with an empty database. It refuses to be root's. */
export const startDebianPostgres = async (): Promise<DebianPostgres> => {
  const programs = postgresPrograms();
  if (programs === null) throw new Error('no PostgreSQL below /usr/lib/postgresql');
  const home = await mkdtemp(join(tmpdir(), 'postgres-'));
  const prefix: string[] = [];
  if (userInfo().uid === 0) {
    const { stdout } = await run('id', ['-u', 'postgres']);
    await chown(home, Number(stdout), 0);
    await chmod(home, 0o700);
    prefix.push('setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups');
  }
  const call = async (program: string, args: readonly string[]): Promise<void> => {
    const [command = '', ...rest] = [...prefix, join(programs, program), ...args];
    await run(command, rest, { cwd: '/', env: { ...process.env, LC_ALL: 'C' } });
  };
  const directory = join(home, 'data');
  const port = await freePort();
  const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=100`;
  await call('initdb', [`--pgdata=${directory}`, '--username=sexton', '--auth=trust', '--encoding=UTF8']);
  await call('pg_ctl', ['start', '-w', '-s', '-D', directory, '-l', join(home, 'log'), '-o', settings]);
  return {
    url: `postgres://sexton@127.0.0.1:${port}/postgres`,
    call,
    stop: async () => {
      await call('pg_ctl', ['stop', '-w', '-s', '-m', 'immediate', '-D', directory]);
      await rm(home, { recursive: true, force: true });
    },
  };
};
