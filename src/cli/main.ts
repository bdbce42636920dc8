import { CommanderError } from 'commander';
import { CommandError, EXIT, type ExitCode } from './exit-codes.js';
import { createProgram } from './program.js';
import { withoutKeys } from './without-keys.js';

/** Runs one command line and says its exit status. */
export const main = async (argv: readonly string[]): Promise<number> => {
  let exitCode: ExitCode = EXIT.done;
  const program = createProgram((code) => {
    exitCode = code;
  });
  for (const output of [process.stdout, process.stderr]) output.on('error', endWithReader);
  try {
    await program.parseAsync([...argv]);
    return exitCode;
  } catch (error) {
    if (error instanceof CommanderError) return error.exitCode === 0 ? EXIT.done : EXIT.usage;
    const message = error instanceof Error ? error.message : String(error);
    process.stderr.write(withoutKeys(`sexton: ${message}\n`));
    if (argv.includes('--json') && isDocument(error)) {
      process.stdout.write(withoutKeys(`${JSON.stringify(error)}\n`));
    }
    return error instanceof CommandError ? error.exitCode : EXIT.failed;
  }
};

/** Errors of the server are what `--json` prints; those of the command line are not. */
const isDocument = (error: unknown): boolean =>
  error instanceof CommandError && 'toJSON' in error && typeof error.toJSON === 'function';

/** `sexton list | head` has seen enough, and ends as if by SIGPIPE; anything else wrong with the output is said, too. */
const endWithReader = (error: NodeJS.ErrnoException): void => {
  process.exit(error.code === 'EPIPE' ? EXIT.brokenPipe : EXIT.failed);
};
