import { Option, type Command } from 'commander';
import { count, duration } from '../duration.js';
import type { Define } from '../program.js';

const ASK_HELP = `
Examples:
  sexton collect ask prod --mode dry-run --now --reason 'how much?'
  sexton collect ask prod --reason 'weekly' --no-wait`;

/** Garbage collection through Sexton; \`sexton storage\` works on files without it. */
export const defineCollectionCommands: Define = (program, run) => {
  const collect = program.command('collect').description('garbage collection of a registry');
  const withWaiting = (command: Command): Command =>
    command
      .option(
        '--timeout <duration>',
        'wait at most so long (exit status 9); the collection goes on',
        duration,
      )
      .option('--json', 'print one JSON document');
  const onOne = (name: string, description: string): Command =>
    collect.command(name).description(description).argument('<id>', 'the id of a collection');
  const changing = (name: string, description: string): Command =>
    withWaiting(onOne(name, description).requiredOption('--reason <text>', 'why; stands in the audit log'));

  withWaiting(
    collect
      .command('ask')
      .description('ask for a collection, in the maintenance windows or at once')
      .argument('<registry>', 'as `sexton registries` lists it')
      .requiredOption('--reason <text>', 'why; stands in the audit log')
      .option('--ticket <text>', 'a ticket, such as OPS-17')
      .addOption(
        new Option(
          '--mode <mode>',
          'dry-run only says what would go; purge is for good (default: collect)',
        ).choices(['dry-run', 'collect', 'purge']),
      )
      .option('--now', 'at once, and not in the windows')
      .addOption(
        new Option('--untagged <what>', 'manifests without a tag (default: as configured)').choices([
          'keep',
          'collect',
        ]),
      )
      .option('--no-wait', 'do not wait for the end; without --now it is not waited for either'),
  )
    .addHelpText('after', ASK_HELP)
    .action(
      run(async (registry: string, options: object) => (await import('./act.js')).runAsk(registry, options)),
    );

  withWaiting(onOne('status', 'one collection: how far, and what it took'))
    .option('--watch', "wait for its end, whose exit status is then this one's")
    .action(run(async (id: string, options: object) => (await import('./act.js')).runStatus(id, options)));

  collect
    .command('list')
    .description('collections, newest first')
    .option('--registry <name>', 'of this registry')
    .addOption(
      new Option('--state <state>', 'in this state').choices([
        'waiting',
        'running',
        'paused',
        'succeeded',
        'failed',
        'cancelled',
        'undone',
      ]),
    )
    .option('--limit <count>', 'at most so many', count, 50)
    .option('--json', 'print one JSON document')
    .action(run(async (options: object) => (await import('./read.js')).runList(options)));

  onOne('report', 'every candidate and why, and what could not be read')
    .option('--json', 'print one JSON document a line')
    .action(run(async (id: string, options: object) => (await import('./read.js')).runReport(id, options)));

  collect
    .command('windows')
    .description('maintenance windows, and whether what waits will fit')
    .option('--json', 'print one JSON document')
    .action(run(async (options: object) => (await import('./read.js')).runWindows(options)));

  changing('cancel', 'end a collection after its batch').action(
    run(async (id: string, options: object) => (await import('./act.js')).runCancel(id, options)),
  );
  changing('resume', 'go on with a cancelled or failed one')
    .option('--now', 'at once, and not in the windows')
    .action(run(async (id: string, options: object) => (await import('./act.js')).runResume(id, options)));
  changing('undo', 'bring back what was not purged')
    .option('--no-wait', 'do not wait for the end')
    .action(run(async (id: string, options: object) => (await import('./act.js')).runUndo(id, options)));
};
