import { runApart } from './run-apart.mjs';

/** `npm run test:upgrade`: the previous build and this one on one database, one process replaced after the other. */
process.exit(await runApart('upgrade', 'test/upgrade/run.ts'));
