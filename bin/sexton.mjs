#!/usr/bin/env node
// Starts the compiled command line. Kept this thin so that everything else is typed and checked.
import { existsSync } from 'node:fs';

const main = new URL('../dist/cli/main.js', import.meta.url);
const prepare = new URL('../scripts/prepare.mjs', import.meta.url);

// In a checkout it is built by itself, once; what is built may be in use by a running gateway, and stays.
if (!existsSync(main) && existsSync(prepare)) (await import(prepare.href)).prepare({ built: true });
if (!existsSync(main)) {
  console.error('sexton is not built yet; run: npm run build');
  process.exit(1);
}
const { main: run } = await import(main.href);
process.exitCode = await run(process.argv);
