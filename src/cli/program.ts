import { Command } from 'commander';
import { defineAccessCommands } from './access/commands.js';
import { defineAuditCommands } from './audit/commands.js';
import { defineCollectionCommands } from './collections/commands.js';
import { defineCompletionCommand } from './completion/commands.js';
import { defineDeletionCommands } from './deletions/commands.js';
import type { ExitCode } from './exit-codes.js';
import { defineStorageCommands } from './storage-commands.js';
import { version } from './version.js';
import { withoutKeys } from './without-keys.js';

/** What a command does when it runs; its answer is the exit status. */
type Run = <A extends readonly unknown[]>(
  work: (...args: A) => Promise<ExitCode> | ExitCode,
) => (...args: A) => Promise<void>;

export type Define = (program: Command, run: Run) => void;

const ENVIRONMENT = `
Environment: SEXTON_URL, the address of Sexton; SEXTON_KEY, an API key, or SEXTON_KEY_FILE, a file that holds it.
The storage commands and \`audit verify FILE\` need none of these.

Exit status: 0 done · 1 failed · 2 wrong usage · 3 refused, nothing changed · 4 done in part · 5 waits for approval ·
             6 not permitted · 7 not found · 8 no answer, or come back later · 9 timed out · 10 rejected, cancelled or
             expired · 130 interrupted. More: docs/cli.md`;

/** Commands only describe themselves here; what they do is loaded when one runs, so that each starts fast. */
export const createProgram = (setExit: (code: ExitCode) => void): Command => {
  const program = new Command('sexton')
    .description('The deletion gateway for container registries')
    .version(version())
    .exitOverride()
    .configureOutput({ writeErr: (text) => void process.stderr.write(withoutKeys(text)) })
    .showHelpAfterError('(--help shows the options)')
    .addHelpText('after', ENVIRONMENT);
  const run: Run =
    (work) =>
    async (...args) =>
      setExit(await work(...args));
  defineDeletionCommands(program, run);
  defineCollectionCommands(program, run);
  defineAuditCommands(program, run);
  defineAccessCommands(program, run);
  defineStorageCommands(program, setExit);
  defineCompletionCommand(program, run);
  return program;
};
