import { prepare, provide } from './prepare.mjs';
import { runChild } from './run-child.mjs';

/** `npm test`: the whole suite, against a real registry, Redis and PostgreSQL. Arguments are vitest's. */
prepare({ built: true });
const needed = [
  [['docker-registry', 'registry'], 'docker-registry'],
  [['redis-server'], 'redis-server'],
  [['skopeo'], 'skopeo'],
  [['chromium'], 'chromium'],
];
const missing = needed.filter(([commands, name]) => !provide(commands, name)).map(([, name]) => name);
if (missing.length > 0) {
  process.stderr.write(
    `\nThe tests need ${missing.join(', ')}. On Debian or Ubuntu: sudo apt-get install ${missing.join(' ')}\n`,
  );
  process.exit(1);
}
// Without it the tests of a backup by pg_dump are skipped: the embedded PostgreSQL has no such program.
provide(['pg_createcluster'], 'postgresql');
const args = process.argv.slice(2);
// A reporter on the command line replaces those of the configuration; the closing line stays whatever is asked for.
if (args.some((arg) => arg.startsWith('--reporter'))) args.push('--reporter=./tools/closing-line.ts');
process.exit(await runChild(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...args]));
