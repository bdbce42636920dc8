import { runApart } from './run-apart.mjs';

/** `npm run test:faults`: real processes, killed and starved by a script. */
process.exit(await runApart('faults', 'test/faults/run.ts'));
