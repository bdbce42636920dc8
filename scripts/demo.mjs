import { prepare, provide } from './prepare.mjs';
import { runChild } from './run-child.mjs';

/** `npm run demo`: everything from nothing to a deleted image. Without a registry here, demo/registry.ts tries Docker. */
prepare({ built: true });
provide(['docker-registry', 'registry'], 'docker-registry');
process.exit(await runChild(process.execPath, ['--import', 'tsx', 'demo/main.ts', ...process.argv.slice(2)]));
