import { z } from 'zod';
import { connect } from '../client/client.js';
import { firstOf } from '../client/pages.js';
import { CommandError, EXIT, type ExitCode } from '../exit-codes.js';
import { columns } from '../output/columns.js';
import { printJson, printLines, write } from '../output/print.js';
import { filtersSchema } from './filters.js';

const eventsSchema = filtersSchema.extend({ limit: z.number(), json: z.boolean().default(false) });

/** `sexton audit list`. */
export const runEvents = async (parsed: unknown): Promise<ExitCode> => {
  const { limit, json, ...filters } = eventsSchema.parse(parsed);
  const server = connect();
  const found = await firstOf(limit, 500, (page) =>
    server.answer(server.api.GET('/v1/audit/events', { params: { query: { ...filters, ...page } } })),
  );
  if (json) {
    await printJson(found);
    return EXIT.done;
  }
  const rows = found.items.map(
    ({ at, action, outcome, code, actor, registry, repository, reference, reason }) => [
      at,
      action,
      code === null ? outcome : `${outcome} (${code})`,
      actor.name,
      [registry, repository].filter((part) => part !== null).join('/') +
        (reference === null ? '' : ` ${reference}`),
      reason ?? '',
    ],
  );
  await printLines(columns(['AT', 'ACTION', 'OUTCOME', 'BY', 'ON', 'REASON'], rows));
  return EXIT.done;
};

const verificationSchema = z.object({
  publicKey: z.array(z.string()).default([]),
  known: z.string().optional(),
  head: z.string().optional(),
  json: z.boolean().default(false),
});

/** `sexton audit verify`, without a file. */
export const runVerification = async (parsed: unknown): Promise<ExitCode> => {
  const { publicKey, known, head, json } = verificationSchema.parse(parsed);
  if (publicKey.length > 0 || known !== undefined) {
    throw new CommandError(
      '--public-key and --known are for a file: the server has its own keys; name the file',
    );
  }
  const query = head === undefined ? {} : parseHead(head);
  const server = connect();
  const found = await server.answer(server.api.GET('/v1/audit/verification', { params: { query } }));
  const { status, fault, events, unsealed, head: last, checkpoint } = found;
  if (json) await printJson(found);
  else if (status === 'broken') {
    const at = fault?.sequence === null || fault === null ? '' : `at sequence ${fault.sequence}: `;
    await printLines([`BROKEN  ${at}${fault?.message ?? ''} (${fault?.kind ?? ''})`]);
  } else {
    await printLines([
      `WHOLE  ${events} events, head ${last.sequence}:${last.hash}`,
      ...(unsealed > 0 ? [`${unsealed} more are not in the chain yet.`] : []),
      checkpoint === null ? 'No signature covers it.' : `Signed up to sequence ${checkpoint.sequence}.`,
    ]);
  }
  return status === 'whole' ? EXIT.done : EXIT.failed;
};

const parseHead = (text: string): { sequence: number; hash: string } => {
  const [, sequence, hash] = /^(\d{1,15}):(.+)$/.exec(text) ?? [];
  if (sequence === undefined || hash === undefined) {
    throw new CommandError('--head is SEQUENCE:HASH, as this command printed it');
  }
  return { sequence: Number(sequence), hash };
};

/** `sexton audit public-keys`. */
export const runPublicKeys = async (parsed: unknown): Promise<ExitCode> => {
  const { json } = z.object({ json: z.boolean().default(false) }).parse(parsed);
  const server = connect();
  const found = await server.answer(server.api.GET('/v1/audit/keys'));
  if (json) await printJson(found);
  else await write(found.keys.map(({ pem }) => `${pem.trim()}\n`).join(''));
  return EXIT.done;
};
