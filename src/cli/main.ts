import { Command, CommanderError } from 'commander';
import { CommandError, EXIT, type ExitCode } from './exit-codes.js';
import { defineAuditCommands } from './audit-commands.js';
import { defineStorageCommands } from './storage-commands.js';

/** Commands only describe themselves here; what they do is loaded when one runs, so that each starts fast. */
const createProgram = (setExit: (code: ExitCode) => void): Command => {
  const program = new Command('sexton')
    .description('The deletion gateway for container registries')
    .exitOverride()
    .showHelpAfterError('(--help shows the options)');
  defineStorageCommands(program, setExit);
  defineAuditCommands(program, setExit);
  return program;
};

/** Runs one command line and says its exit status. */
export const main = async (argv: readonly string[]): Promise<number> => {
  let exitCode: ExitCode = EXIT.done;
  const program = createProgram((code) => {
    exitCode = code;
  });
  try {
    await program.parseAsync([...argv]);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    process.stderr.write(`sexton: ${error instanceof Error ? error.message : String(error)}\n`);
    return error instanceof CommandError ? error.exitCode : EXIT.failed;
  }
};
