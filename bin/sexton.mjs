#!/usr/bin/env node
// Starts the compiled command line. Kept this thin so that everything else is typed and checked.
import { existsSync } from 'node:fs';

const main = new URL('../dist/cli/main.js', import.meta.url);

if (!existsSync(main)) {
  console.error('sexton is not built yet; run: npm run build');
  process.exit(1);
}
const { main: run } = await import(main.href);
process.exitCode = await run(process.argv);
