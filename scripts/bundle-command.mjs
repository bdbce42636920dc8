import { readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { build } from 'esbuild';
import { root } from './prepare.mjs';

/**
 * Bundles the command line into a few files: loading it as the compiler writes it, file by file, took 47 ms of each
 * start, and 20 ms of each scanning thread's. What only some commands use stays in files of its own, loaded when they run.
 */
const target = join(root, 'dist/cli');
const { dependencies } = JSON.parse(await readFile(join(root, 'package.json'), 'utf8'));
await rm(target, { recursive: true, force: true });

const options = {
  absWorkingDir: root,
  outdir: target,
  bundle: true,
  platform: 'node',
  format: 'esm',
  target: 'node20.19',
  // Every command needs this one package; of the others few are ever loaded.
  external: Object.keys(dependencies).filter((name) => name !== 'commander'),
  sourcemap: true,
  logLevel: 'warning',
};

await build({
  ...options,
  entryPoints: ['src/cli/main.ts'],
  splitting: true,
  // For what the package requires of Node.js itself.
  banner: {
    js: `import { createRequire as requireFrom } from 'node:module';\nconst require = requireFrom(import.meta.url);`,
  },
});

// A thread loads this one file and nothing else.
await build({ ...options, entryPoints: ['src/collections/engine/scan-worker.ts'] });
