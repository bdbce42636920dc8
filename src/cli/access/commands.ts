import { Option, type Command } from 'commander';
import { count } from '../duration.js';
import type { Define } from '../program.js';

const collect = (value: string, before: readonly string[]): string[] => [...before, value];
const json = (command: Command): Command => command.option('--json', 'print one JSON document');
const listing = (command: Command): Command =>
  json(command.option('--limit <count>', 'at most so many', count, 100));

const KEYS_HELP = `
Example:
  sexton keys create 'team-a ci' --role requester --scope 'prod/team-a/**:delete,read' --secret-file ci.key`;

const HOLDS_HELP = `
Examples:
  sexton holds place 'prod/team-a/**' --tags 'release-*' --reason 'shipped to customers' --owner 'release engineering'
  sexton holds place prod/team-a/app --digest sha256:6f2e… --legal --reason 'case 4711'`;

/** Commands on what may be deleted where, and by whom. */
export const defineAccessCommands: Define = (program, run) => {
  json(
    program.command('registries').description('the registries that you may use, each asked at this moment'),
  ).action(run(async (options: object) => (await import('./catalog.js')).runRegistries(options)));
  listing(
    program.command('repositories').description('repositories of a registry, by name').argument('<registry>'),
  ).action(
    run(async (registry: string, options: object) =>
      (await import('./catalog.js')).runRepositories(registry, options),
    ),
  );
  listing(
    program
      .command('tags')
      .description('tags of a repository, with their digests')
      .argument('<repository>', 'REGISTRY/REPOSITORY'),
  ).action(
    run(async (repository: string, options: object) =>
      (await import('./catalog.js')).runTags(repository, options),
    ),
  );

  const keys = program.command('keys').description('API keys; for administrators');
  listing(keys.command('list').description('keys, without their secrets')).action(
    run(async (options: object) => (await import('./keys.js')).runList(options)),
  );
  const withSecret = (command: Command): Command =>
    json(command.option('--secret-file <file>', 'write the secret there (mode 0600), and do not print it'));
  withSecret(
    keys
      .command('create')
      .description('a new key; its secret is shown this once')
      .argument('<name>', 'who uses it; shown in the audit log')
      .addOption(
        new Option('--role <role>', 'what it may do')
          .choices(['requester', 'approver', 'operator', 'auditor', 'admin'])
          .makeOptionMandatory(),
      )
      .addOption(
        new Option(
          '--scope <scope>',
          'where, such as prod/team-a/**:delete,read; can be given more than once',
        )
          .argParser(collect)
          .default([], 'none'),
      )
      .option(
        '--owner <person>',
        'whose it is: nobody approves with one key what they asked for with another',
      )
      .option('--expires-at <time>', 'until when, such as 2027-12-31T00:00:00Z'),
  )
    .addHelpText('after', KEYS_HELP)
    .action(
      run(async (name: string, options: object) => (await import('./keys.js')).runCreate(name, options)),
    );
  withSecret(
    keys
      .command('rotate')
      .description('a new secret for a key; the old one ends at once')
      .argument('<id>', 'the id of a key'),
  ).action(run(async (id: string, options: object) => (await import('./keys.js')).runRotate(id, options)));
  json(keys.command('revoke').description('end a key at once').argument('<id>', 'the id of a key')).action(
    run(async (id: string, options: object) => (await import('./keys.js')).runRevoke(id, options)),
  );

  const holds = program.command('holds').description('what nobody may delete');
  listing(
    holds
      .command('list')
      .description('holds that may concern you')
      .option('--registry <name>', 'of this registry')
      .option('--repository <name>', 'that cover this repository')
      .addOption(
        new Option('--state <state>', 'which').choices(['in_force', 'over', 'all']).default('in_force'),
      ),
  ).action(run(async (options: object) => (await import('./holds.js')).runList(options)));
  json(
    holds
      .command('place')
      .description('forbid deletion')
      .argument('<repositories>', 'REGISTRY/REPOSITORY, or a glob such as prod/team-a/**')
      .requiredOption('--reason <text>', 'shown to whoever asks for a deletion that it refuses')
      .option('--tags <glob>', 'tags of such a name, and the images that they point at')
      .option('--digest <digest>', 'one manifest, and all its tags')
      .option('--owner <person>', 'whom to ask about it (default: you)')
      .option('--expires-at <time>', 'until when, such as 2027-12-31T00:00:00Z')
      .option('--legal', 'two different people must lift it'),
  )
    .addHelpText('after', HOLDS_HELP)
    .action(
      run(async (repositories: string, options: object) =>
        (await import('./holds.js')).runPlace(repositories, options),
      ),
    );
  json(
    holds
      .command('lift')
      .description(
        'end a hold; a legal one ends when a second person does the same (exit status 5 until then)',
      )
      .argument('<id>', 'the id of a hold')
      .requiredOption('--reason <text>', 'why; stands in the audit log'),
  ).action(run(async (id: string, options: object) => (await import('./holds.js')).runLift(id, options)));
};
