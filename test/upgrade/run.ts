import { mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { parseArgs } from 'node:util';
import { THIS_BUILD } from '../../src/database/migrate.js';
import { makeTemplate } from '../faults/deletion-run.js';
import { onStage } from '../faults/stage.js';
import { fillWorld } from '../faults/world.js';
import { buildRevision, leadsTo, migrationsAt, revisionBeforeNewestMigration } from './previous-build.js';
import { rollUpgrade } from './roll.js';

const HELP = `npm run test:upgrade -- [options]: the previous build and this one on one database, as in a rolling upgrade

Builds a revision from git, lets it make a database and work, starts this build beside it, and replaces one process after
the other; deletions, restores and the audit chain are looked at in each step, on a real registry. Ends with 0 when all was
as it must be. It needs the git history.

  --from REV   the old build; by default the commit before the newest migration was added`;

/** One a step. */
const REPOSITORIES = 4;

const { values } = parseArgs({
  options: { help: { type: 'boolean', short: 'h', default: false }, from: { type: 'string' } },
});
if (values.help) {
  console.log(HELP);
  process.exit();
}
const say = (line: string): void => void process.stdout.write(`${line}\n`);

const now = Object.keys(THIS_BUILD.migrations);
const revision = values.from ?? (await revisionBeforeNewestMigration(now));
const theirs = await migrationsAt(revision);
if (!leadsTo(theirs, now) && theirs.join() !== now.join()) {
  say(
    `${revision} has another history of migrations than this build: no upgrade leads from it (${theirs.join(', ')})`,
  );
  process.exit(2);
}
const directory = join(await mkdtemp(join(tmpdir(), 'previous-')), 'build');
const old = await buildRevision(revision, directory, say);
say(`the old build: ${old.title}`);

const template = await makeTemplate((url) => fillWorld(url, REPOSITORIES));
const fleet = { apis: 2, workers: 2, later: ['api-1', 'worker-1'], program: old.program };
const violations = await onStage(
  { seed: 1, template: template.directory, say, fleet, hasSmallDisk: false },
  (stage) => rollUpgrade(stage, template.content, old),
).finally(() => template.remove());
const verdict = violations.length === 0 ? 'proven' : `not proven, ${violations.length} violations`;
say(`rolling upgrade from ${old.title}: ${verdict}`);
if (!old.startsOnNewer) say('  not tried: starting an old process again, which that build could not do yet');
process.exitCode = violations.length === 0 ? 0 : 1;
