import { z } from 'zod';
import { DELETION_STATES } from '../../public-api/deletion-states.js';
import { connect, type Deletion } from '../client/client.js';
import { firstOf } from '../client/pages.js';
import { withPatience } from '../client/patience.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { columns } from '../output/columns.js';
import { printJson, printJsonLine, printLines } from '../output/print.js';
import { watchAndShow } from './ask.js';
import { exitOfState, stateForPeople } from './deletion-view.js';
import { showDeletion } from './show.js';
import { watch } from './watch.js';

const statusSchema = z.object({
  watch: z.boolean().default(false),
  timeout: z.number().exactOptional(),
  json: z.boolean().default(false),
  trunc: z.boolean().default(true),
});

/** `sexton status`: 0 where it could be read; with `--watch`, what its end means. */
export const runStatus = async (id: string, parsed: unknown): Promise<ExitCode> => {
  const options = statusSchema.parse(parsed);
  const server = connect();
  return withPatience(options.timeout, async (patience) => {
    const { signal } = patience;
    if (!options.watch) {
      await showDeletion(
        await server.answer(server.api.GET('/v1/deletions/{id}', { params: { path: { id } }, signal })),
        options,
      );
      return EXIT.done;
    }
    if (!options.json) return watchAndShow(server, id, patience, options);
    const tell = ({ event, data }: { event: string; data: object }) => printJsonLine({ event, ...data });
    const deletion = await watch(server, id, patience, tell);
    await printJsonLine({ event: 'deletion', deletion });
    return exitOfState(deletion.state);
  });
};

const listSchema = z.object({
  registry: z.string().exactOptional(),
  repository: z.string().exactOptional(),
  state: z.enum(DELETION_STATES).exactOptional(),
  requestedBy: z.string().exactOptional(),
  since: z.string().exactOptional(),
  until: z.string().exactOptional(),
  limit: z.number(),
  json: z.boolean().default(false),
});

/** `sexton list`. */
export const runList = async (parsed: unknown): Promise<ExitCode> => {
  const { json, limit, ...filters } = listSchema.parse(parsed);
  const server = connect();
  const found = await firstOf(limit, 200, (page) =>
    server.answer(server.api.GET('/v1/deletions', { params: { query: { ...filters, ...page } } })),
  );
  if (json) await printJson(found);
  else await printLines(columns(['ID', 'STATE', 'IMAGES', 'BY', 'ASKED', 'REASON'], found.items.map(row)));
  return EXIT.done;
};

const row = (deletion: Deletion): string[] => {
  const { id, registry, repository, requestedBy, createdAt, reason } = deletion;
  return [
    id,
    stateForPeople(deletion),
    `${registry}/${repository}${whatOf(deletion)}`,
    requestedBy.name,
    createdAt,
    reason,
  ];
};

const whatOf = ({ references, selector, wholeRepository }: Deletion): string => {
  const [first, ...others] = references;
  if (first !== undefined) {
    const more = others.length > 0 ? ` +${others.length}` : '';
    return `${first.includes(':') ? `@${first.slice(0, 19)}…` : `:${first}`}${more}`;
  }
  return wholeRepository ? ' (all)' : selector ? ` ${JSON.stringify(selector)}` : '';
};
