import { prepare, provide } from './prepare.mjs';
import { runChild } from './run-child.mjs';

/** `npm test`: the whole suite, against a real registry, Redis and PostgreSQL. */
prepare({ built: true });
const needed = [
  ['docker-registry', 'docker-registry'],
  ['redis-server', 'redis-server'],
  ['skopeo', 'skopeo'],
];
const missing = needed.filter(([command, name]) => !provide(command, name)).map(([, name]) => name);
if (missing.length > 0) {
  process.stderr.write(
    `\nThe tests need ${missing.join(', ')}. On Debian or Ubuntu: sudo apt-get install ${missing.join(' ')}\n`,
  );
  process.exit(1);
}
process.exit(
  await runChild(process.execPath, ['node_modules/vitest/vitest.mjs', 'run', ...process.argv.slice(2)]),
);
