import { Option, type Command } from 'commander';
import { duration } from './duration.js';
import type { ExitCode } from './exit-codes.js';

const EXIT_CODES = `
Exit status: 0 done · 1 failed · 2 wrong usage · 3 refused, nothing changed ·
             4 done, but something could not be read and what it might need was left alone`;

/** The help shows the default as it is typed. */
const lasting = (flags: string, description: string, byDefault: string): Option =>
  new Option(flags, description).argParser(duration).default(duration(byDefault), byDefault);

/** Commands that work on a registry's files and need no server. */
export const defineStorageCommands = (program: Command, setExit: (code: ExitCode) => void): void => {
  const storage = program.command('storage').description("work on a registry's own files, without a server");
  const withStorage = (name: string, description: string): Command =>
    storage
      .command(name)
      .description(description)
      .requiredOption('--storage <dir>', "the registry's rootdirectory, which holds docker/registry/v2")
      .addHelpText('after', EXIT_CODES);

  const withEither = (name: string, description: string): Command =>
    withStorage(name, description).option(
      '--v1',
      'of the old Python registry: DIR holds images and repositories',
    );

  withEither('collect', 'take blobs that no image needs into quarantine (.sexton in the storage)')
    .option('--dry-run', 'show what would go, and write nothing in the storage')
    .addOption(lasting('--grace <duration>', 'leave alone what was written within this time', '2h'))
    .addOption(
      new Option('--untagged <what>', 'manifests without a tag that nothing tagged needs')
        .choices(['keep', 'collect'])
        .default('keep'),
    )
    .addOption(lasting('--untagged-min-age <duration>', 'collect untagged ones once this old', '7d'))
    .option('--json', 'print one JSON object')
    .option('--cache <file>', 'where to remember what manifests refer to (default: in ~/.cache/sexton)')
    .option('--no-cache', 'remember nothing')
    .action(async (options: unknown) => {
      const { runCollect } = await import('./storage-collect.js');
      setExit(await runCollect(options));
    });

  withEither('undo', 'bring back everything that a collection took into quarantine')
    .option('--run <id>', 'which collection; otherwise the last one of which something waits in quarantine')
    .action(async (options: unknown) => {
      const { runUndo } = await import('./storage-quarantine.js');
      setExit(await runUndo(options));
    });

  withEither('heal', 'bring back from quarantine what is needed again').action(async (options: unknown) => {
    const { runHeal } = await import('./storage-quarantine.js');
    setExit(await runHeal(options));
  });

  withEither('purge', 'delete for good what has waited in quarantine')
    .addOption(lasting('--retention <duration>', 'how long it must have waited', '7d'))
    .action(async (options: unknown) => {
      const { runPurge } = await import('./storage-quarantine.js');
      setExit(await runPurge(options));
    });

  withStorage('delete', 'delete a tag, a manifest or a whole repository from the files')
    .argument('<reference>', 'REPOSITORY, REPOSITORY:TAG or REPOSITORY@DIGEST')
    .option('--dry-run', 'list every path that would go, and write nothing in the storage')
    .option('--online', 'the registry may be running: leave blobs to collection')
    .option('--registry-url <url>', 'refuse while the registry answers there as writable')
    .addOption(lasting('--grace <duration>', 'leave alone blobs written within this time', '2h'))
    .option('--json', 'print one JSON object')
    .action(async (reference: string, options: unknown) => {
      const { runDelete } = await import('./storage-delete.js');
      setExit(await runDelete(reference, options));
    });
};
