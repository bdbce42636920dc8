import { prepare } from './prepare.mjs';
import { runChild } from './run-child.mjs';

/** `npm start`: the gateway, for real use. */
prepare({ built: true });
process.exit(await runChild(process.execPath, ['dist/main.js', ...process.argv.slice(2)]));
