import { Option, type Command } from 'commander';
import { DELETION_STATES } from '../../public-api/deletion-states.js';
import { count, duration } from '../duration.js';
import type { Define } from '../program.js';

const collect = (value: string, before: readonly string[]): string[] => [...before, value];

const IMAGES = 'REGISTRY/REPOSITORY, with :TAG or @DIGEST; more than one of the same repository';

const withWaiting = (command: Command): Command =>
  command
    .option(
      '--timeout <duration>',
      'wait at most so long (exit status 9); what was asked for goes on',
      duration,
    )
    .option('--no-trunc', 'show digests whole')
    .option('--json', 'print one JSON document');

const asking = (command: Command): Command =>
  withWaiting(
    command
      .argument('<image...>', IMAGES)
      .requiredOption('--reason <text>', 'why; stands in the audit log')
      .option('--ticket <text>', 'a ticket, such as OPS-17')
      .addOption(
        new Option('--label <name=value>', 'a label of your own; can be given more than once')
          .argParser(collect)
          .default([], 'none'),
      )
      .addOption(
        new Option('--siblings <what>', 'other tags of the same digest (default: refuse)').choices([
          'refuse',
          'untag',
          'include',
          'single',
        ]),
      )
      .addOption(
        new Option('--referrers <what>', 'signatures, SBOMs and the like (default: include)').choices([
          'keep',
          'include',
        ]),
      )
      .addOption(
        new Option('--children <what>', 'platforms that no other index holds (default: include)').choices([
          'keep',
          'include',
        ]),
      )
      .option('--tags <glob>', 'in place of tags: all tags of such a name; * stands for any characters')
      .option('--older-than <days>', 'in place of tags: only what is so old, such as 30d')
      .option('--keep-newest <count>', 'in place of tags: all but the newest so many', count)
      .option('--untagged', 'in place of tags: manifests without a tag')
      .option('--whole-repository', 'in place of tags: everything in the repository')
      .option('--idempotency-key <key>', 'the same key is the same deletion (default: a new one)')
      .option('--no-wait', 'do not wait for the end'),
  );

const DELETE_EXAMPLES = `
Examples:
  sexton plan   prod/team-a/app:v1.0 --reason 'end of life'
  sexton delete prod/team-a/app:v1.0 prod/team-a/app:v1.1 --reason 'end of life' --ticket OPS-17
  sexton delete prod/team-a/app:v2 --siblings untag --reason 'wrong tag'
  sexton plan   prod/team-a/app --tags 'rc-*' --older-than 30d --keep-newest 5 --reason 'old release candidates'`;

export const defineDeletionCommands: Define = (program, run) => {
  asking(program.command('delete').description('delete tags and images, and wait until they are gone'))
    .addOption(
      new Option('--run-in <when>', 'at once, or in the maintenance window (default: now)').choices([
        'now',
        'window',
      ]),
    )
    .option('--dry-run', 'only plan, as sexton plan does')
    .addHelpText('after', DELETE_EXAMPLES)
    .action(
      run(async (images: string[], options: object) => (await import('./ask.js')).runAsk(images, options)),
    );

  asking(
    program
      .command('plan')
      .description('show what a deletion would do; `sexton execute` then does exactly that'),
  )
    .addHelpText('after', DELETE_EXAMPLES)
    .action(
      run(async (images: string[], options: object) =>
        (await import('./ask.js')).runAsk(images, { ...options, dryRun: true }),
      ),
    );

  const onOne = (name: string, description: string): Command =>
    withWaiting(program.command(name).description(description).argument('<id>', 'the id of a deletion'));
  const withReason = (command: Command): Command =>
    command.requiredOption('--reason <text>', 'why; stands in the audit log');

  onOne('execute', 'carry out a plan exactly as it was shown, or not at all')
    .option('--no-wait', 'do not wait for the end')
    .action(run(async (id: string, options: object) => (await import('./act.js')).runExecute(id, options)));

  onOne('status', 'one deletion: its plan, and what became of each target')
    .option(
      '--watch',
      "follow it to its end, whose exit status is then this one's; with --json, one event a line",
    )
    .action(run(async (id: string, options: object) => (await import('./read.js')).runStatus(id, options)));

  program
    .command('list')
    .description('deletions, newest first')
    .option('--registry <name>', 'of this registry')
    .option('--repository <name>', 'of this repository')
    .addOption(new Option('--state <state>', 'in this state').choices(DELETION_STATES))
    .option('--requested-by <id>', 'of this API key')
    .option('--since <time>', 'asked for at or after, such as 2026-11-01T00:00:00Z')
    .option('--until <time>', 'asked for before')
    .option('--limit <count>', 'at most so many', count, 50)
    .option('--json', 'print one JSON document')
    .action(run(async (options: object) => (await import('./read.js')).runList(options)));

  withReason(onOne('restore', 'put a deletion back'))
    .option('--overwrite-tags', 'also tags that point elsewhere by now')
    .option('--no-wait', 'do not wait for the end')
    .action(run(async (id: string, options: object) => (await import('./act.js')).runRestore(id, options)));

  withReason(onOne('approve', "agree to somebody else's deletion"))
    .option('--plan-hash <hash>', 'only if this is still its plan')
    .option('--wait', 'wait for its end')
    .action(run(async (id: string, options: object) => (await import('./act.js')).runApprove(id, options)));

  withReason(onOne('reject', "end somebody else's deletion that waits for approval"))
    .option('--plan-hash <hash>', 'only if this is still its plan')
    .action(run(async (id: string, options: object) => (await import('./act.js')).runReject(id, options)));

  withReason(onOne('cancel', 'end a deletion that has not begun')).action(
    run(async (id: string, options: object) => (await import('./act.js')).runCancel(id, options)),
  );
};
