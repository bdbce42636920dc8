import { z } from 'zod';
import type { components } from '../../public-api/openapi.js';
import { connect } from '../client/client.js';
import { firstOf } from '../client/pages.js';
import { CommandError, EXIT, type ExitCode } from '../exit-codes.js';
import { columns } from '../output/columns.js';
import { printJson, printLines } from '../output/print.js';

type Hold = components['schemas']['Hold'];

const jsonSchema = z.object({ json: z.boolean().default(false) });

const listSchema = jsonSchema.extend({
  registry: z.string().exactOptional(),
  repository: z.string().exactOptional(),
  state: z.enum(['in_force', 'over', 'all']),
  limit: z.number(),
});

/** `sexton holds list`. */
export const runList = async (parsed: unknown): Promise<ExitCode> => {
  const { json, limit, ...filters } = listSchema.parse(parsed);
  const server = connect();
  const found = await firstOf(limit, 200, (page) =>
    server.answer(server.api.GET('/v1/holds', { params: { query: { ...filters, ...page } } })),
  );
  const heading = ['ID', 'STATE', 'WHAT', 'OWNER', 'UNTIL', 'REASON'];
  await (json ? printJson(found) : printLines(columns(heading, found.items.map(row))));
  return EXIT.done;
};

const row = (hold: Hold): (string | null)[] => {
  const { id, state, legal, owner, expiresAt, reason } = hold;
  return [id, `${state}${legal ? ' (legal)' : ''}`, whatOf(hold), owner, expiresAt, reason];
};

const whatOf = ({ registry, repository, tags, digest }: Hold): string =>
  `${registry}/${repository}${tags === null ? '' : `:${tags}`}${digest === null ? '' : `@${digest}`}`;

const placeSchema = jsonSchema.extend({
  reason: z.string(),
  tags: z.string().exactOptional(),
  digest: z.string().exactOptional(),
  owner: z.string().exactOptional(),
  expiresAt: z.string().exactOptional(),
  legal: z.boolean().exactOptional(),
});

/** `sexton holds place`. */
export const runPlace = async (repositories: string, parsed: unknown): Promise<ExitCode> => {
  const { json, ...options } = placeSchema.parse(parsed);
  const [, registry, repository] = /^([^/:@]+)\/([^:@]+)$/.exec(repositories) ?? [];
  if (registry === undefined || repository === undefined) {
    throw new CommandError(
      `${JSON.stringify(repositories)}: give REGISTRY/REPOSITORY or a glob such as prod/team-a/**; tags with --tags, a digest with --digest`,
    );
  }
  const server = connect();
  const hold = await server.answer(
    server.api.POST('/v1/holds', { body: { registry, repository, legal: false, ...options } }),
  );
  await (json ? printJson(hold) : printLines([`${hold.id} holds ${whatOf(hold)}`]));
  return EXIT.done;
};

/** `sexton holds lift`. */
export const runLift = async (id: string, parsed: unknown): Promise<ExitCode> => {
  const { json, reason } = jsonSchema.extend({ reason: z.string() }).parse(parsed);
  const server = connect();
  const hold = await server.answer(
    server.api.DELETE('/v1/holds/{id}', { params: { path: { id } }, body: { reason } }),
  );
  const isLifted = hold.state !== 'in_force';
  const said = isLifted ? `${id} is lifted` : `${id} still holds: somebody else must lift it too`;
  await (json ? printJson(hold) : printLines([said]));
  return isLifted ? EXIT.done : EXIT.awaitingApproval;
};
