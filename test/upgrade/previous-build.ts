import { execFile } from 'node:child_process';
import { access, mkdir, readFile, rm, symlink } from 'node:fs/promises';
import { join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';

const run = promisify(execFile);
const ROOT = fileURLToPath(new URL('../../', import.meta.url));
const MIGRATIONS = 'src/database/migrations';
const MOST_OUTPUT = 64 * 1024 * 1024;

const git = async (...args: readonly string[]): Promise<string> =>
  (await run('git', args, { cwd: ROOT, maxBuffer: MOST_OUTPUT })).stdout.trim();

/** Another revision of this repository, built. */
export interface PreviousBuild {
  readonly commit: string;
  /** Its subject. */
  readonly title: string;
  readonly program: string;
  readonly migrations: readonly string[];
  /** It may be started on the schema of a later build; before that rule came, a build went on working there, no more. */
  readonly startsOnNewer: boolean;
}

export const migrationsAt = async (revision: string): Promise<readonly string[]> => {
  const listed = await git('ls-tree', '--name-only', revision, `${MIGRATIONS}/`);
  return listed
    .split('\n')
    .filter((path) => path !== '')
    .map((path) => path.slice(MIGRATIONS.length + 1).replace(/\.ts$/, ''))
    .sort();
};

/** Whether a database of `before` is one that `now` can take over: it adds migrations at the end, and nothing else. */
export const leadsTo = (before: readonly string[], now: readonly string[]): boolean =>
  before.length > 0 && before.length < now.length && before.every((name, index) => name === now[index]);

/**
 * The commit before the newest of the migrations `now` was added. Where migrations were renumbered before anybody had
 * them, the commits in between know another history; so it is the last one whose migrations are the first ones of now.
 */
export const revisionBeforeNewestMigration = async (now: readonly string[]): Promise<string> => {
  const added = await git('log', '--diff-filter=A', '--format=%H', '--', MIGRATIONS);
  // The newest may not be committed yet.
  for (const revision of ['HEAD', ...added.split('\n').map((commit) => `${commit}^`)]) {
    const isThere = await git('rev-parse', '--verify', '--quiet', revision).catch(() => '');
    if (isThere !== '' && leadsTo(await migrationsAt(revision), now)) return isThere;
  }
  throw new Error('no commit before the newest migration: is this a shallow clone?');
};

const sameLockfile = async (directory: string): Promise<boolean> => {
  const [theirs, ours] = await Promise.all(
    [directory, ROOT].map((folder) => readFile(join(folder, 'package-lock.json'), 'utf8')),
  );
  return theirs === ours;
};

/** Builds `revision` in `directory`, with the packages of its own lockfile. */
export const buildRevision = async (
  revision: string,
  directory: string,
  say: (line: string) => void,
): Promise<PreviousBuild> => {
  const commit = await git('rev-parse', '--verify', `${revision}^{commit}`);
  await mkdir(directory, { recursive: true });
  const archive = `${resolve(directory)}.tar`;
  await git('archive', '--format=tar', `--output=${archive}`, commit);
  await run('tar', ['-xf', archive, '-C', directory]);
  await rm(archive);
  const npm = (...args: readonly string[]) => run('npm', args, { cwd: directory, maxBuffer: MOST_OUTPUT });
  if (await sameLockfile(directory)) {
    say('its lockfile is that of now: the same packages');
    await symlink(join(ROOT, 'node_modules'), join(directory, 'node_modules'));
  } else {
    say('installing the packages of its lockfile …');
    await npm('ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error');
  }
  say('building it …');
  await npm('run', '--silent', 'build');
  const program = join(directory, 'dist', 'main.js');
  await access(program);
  const migrate = await git('show', `${commit}:src/database/migrate.ts`);
  return {
    commit,
    title: await git('log', '-1', '--format=%h %s', commit),
    program,
    migrations: await migrationsAt(commit),
    startsOnNewer: migrate.includes('schema_compatibility'),
  };
};
