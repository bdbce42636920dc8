import type { Command } from 'commander';
import type { ExitCode } from './exit-codes.js';

const EXIT_CODES = `
Exit status: 0 whole · 1 broken, or it could not be read to its end · 2 wrong usage

A public key is a PEM file, from GET /v1/audit/keys or \`openssl pkey -pubout\`. Without one, hashes are checked and
signatures are not: whoever can make a new file can make new hashes.`;

/** Commands on the audit log that need no server. */
export const defineAuditCommands = (program: Command, setExit: (code: ExitCode) => void): void => {
  program
    .command('audit')
    .description('the audit log')
    .command('verify')
    .description('verify an NDJSON export, or what was forwarded to a file, without a server')
    .argument('<file>', 'the file; - for standard input')
    .option(
      '--public-key <file>',
      'a key that checkpoints may be signed with; can be given more than once',
      collect,
      [],
    )
    .option('--known <file>', 'an earlier export or copy: what was signed there must be here too')
    .option('--json', 'print one JSON object')
    .addHelpText('after', EXIT_CODES)
    .action(async (file: string, options: unknown) => {
      const { runVerify } = await import('./audit-verify.js');
      setExit(await runVerify(file, options));
    });
};

const collect = (value: string, before: readonly string[]): string[] => [...before, value];
