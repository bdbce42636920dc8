import { Option, type Command } from 'commander';
import { count } from '../duration.js';
import type { Define } from '../program.js';

const VERIFY_HELP = `
Exit status: 0 whole · 1 broken, or it could not be read to its end · 2 wrong usage

With a file nothing is asked of a server. A public key is a PEM file, from \`sexton audit public-keys\` or
\`openssl pkey -pubout\`. Without one, hashes are checked and signatures are not: whoever can make a new file can make new
hashes. Without a file Sexton verifies its own log; --head is what you noted of it before.`;

const EXPORT_HELP = `
Examples:
  sexton audit export --output audit.ndjson && sexton audit verify audit.ndjson --public-key audit-public.pem
  sexton audit export --format csv --registry prod --since 2026-10-01T00:00:00Z > october.csv`;

const collect = (value: string, before: readonly string[]): string[] => [...before, value];

const withFilters = (command: Command): Command =>
  command
    .option('--registry <name>', 'of this registry')
    .option('--repository <name>', 'of this repository')
    .option('--actor <id>', 'by this API key, or subject of a token')
    .option('--actor-name <name>', 'by whoever had this name')
    .option('--actor-address <address>', 'from this address')
    .option('--action <action>', 'such as target.deleted')
    .option('--deletion <id>', 'of this deletion')
    .option('--reference <reference>', 'tag or digest, as it was named in the request')
    .option('--tag <tag>', 'a tag that was named, or went along')
    .option('--digest <digest>', 'of this manifest')
    .addOption(
      new Option('--outcome <outcome>', 'how it went').choices([
        'accepted',
        'succeeded',
        'refused',
        'failed',
      ]),
    )
    .option('--code <code>', 'with this error code')
    .option('--ticket <text>', 'of this ticket')
    .option('--request-id <id>', 'of this request')
    .option('--since <time>', 'at or after, such as 2026-11-01T00:00:00Z')
    .option('--until <time>', 'before')
    .option('--q <words>', 'with these words in its reason');

/** Commands on the audit log; verifying a file needs no server. */
export const defineAuditCommands: Define = (program, run) => {
  const audit = program.command('audit').description('the audit log');

  withFilters(audit.command('list').description('events, newest first'))
    .option('--limit <count>', 'at most so many', count, 50)
    .option('--json', 'print one JSON document')
    .action(run(async (options: object) => (await import('./read.js')).runEvents(options)));

  withFilters(audit.command('export').description('events as a stream, oldest first'))
    .addOption(new Option('--format <format>', 'how').choices(['ndjson', 'csv']).default('ndjson'))
    .option('--output <file>', 'where to; it appears under this name only when it is whole')
    .addHelpText('after', EXPORT_HELP)
    .action(run(async (options: object) => (await import('./export.js')).runExport(options)));

  audit
    .command('verify')
    .description(
      "verify a file without a server: an NDJSON export, or what was forwarded; or Sexton's own log",
    )
    .argument('[file]', 'the file; - for standard input; none for the log of the server')
    .addOption(
      new Option(
        '--public-key <file>',
        'a key that checkpoints may be signed with; can be given more than once',
      )
        .argParser(collect)
        .default([], 'none'),
    )
    .option('--known <file>', 'an earlier export or copy: what was signed there must be here too')
    .option('--head <sequence:hash>', 'of the server: what its log must still hold')
    .option('--json', 'print one JSON object')
    .addHelpText('after', VERIFY_HELP)
    .action(
      run(async (file: string | undefined, options: object) =>
        file === undefined
          ? (await import('./read.js')).runVerification(options)
          : (await import('../audit-verify.js')).runVerify(file, options),
      ),
    );

  audit
    .command('public-keys')
    .description('the public keys of the checkpoints, as PEM')
    .option('--json', 'print one JSON document')
    .action(run(async (options: object) => (await import('./read.js')).runPublicKeys(options)));
};
