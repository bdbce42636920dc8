import { z } from 'zod';
import { connect } from '../client/client.js';
import { firstOf } from '../client/pages.js';
import { parseRepository } from '../deletions/image-reference.js';
import { EXIT, type ExitCode } from '../exit-codes.js';
import { columns } from '../output/columns.js';
import { printJson, printLines } from '../output/print.js';

const jsonSchema = z.object({ json: z.boolean().default(false) });
const listSchema = jsonSchema.extend({ limit: z.number() });

const PAGE = 1000;

/** `sexton registries`. */
export const runRegistries = async (parsed: unknown): Promise<ExitCode> => {
  const { json } = jsonSchema.parse(parsed);
  const server = connect();
  const found = await server.answer(server.api.GET('/v1/registries'));
  const rows = found.items.map(({ name, type, reachable, capabilities, problem, waiting }) => [
    name,
    type,
    reachable ? 'reachable' : 'not reachable',
    `deletion ${capabilities.deletion}, of ${capabilities.deletes}`,
    `untag ${capabilities.untag}`,
    [problem && `${problem.code}: ${problem.message}`, waiting && `waits: ${waiting.for}`]
      .filter((part) => part !== null)
      .join('; '),
  ]);
  await (json
    ? printJson(found)
    : printLines(columns(['NAME', 'TYPE', 'NOW', 'DELETES', 'UNTAGS', 'PROBLEM'], rows)));
  return EXIT.done;
};

/** `sexton repositories`. */
export const runRepositories = async (registry: string, parsed: unknown): Promise<ExitCode> => {
  const { json, limit } = listSchema.parse(parsed);
  const server = connect();
  const found = await firstOf(limit, PAGE, (query) =>
    server.answer(
      server.api.GET('/v1/registries/{registry}/repositories', { params: { path: { registry }, query } }),
    ),
  );
  await (json ? printJson(found) : printLines(found.items.map(({ name }) => `${registry}/${name}`)));
  return EXIT.done;
};

/** `sexton tags`. */
export const runTags = async (text: string, parsed: unknown): Promise<ExitCode> => {
  const { json, limit } = listSchema.parse(parsed);
  const { registry, repository } = parseRepository(text);
  const server = connect();
  const found = await firstOf(limit, PAGE, (page) =>
    server.answer(
      server.api.GET('/v1/registries/{registry}/tags', {
        params: { path: { registry }, query: { repository, ...page } },
      }),
    ),
  );
  const rows = found.items.map(({ name, digest, mediaType }) => [
    name,
    digest ?? 'its manifest is gone',
    mediaType ?? '',
  ]);
  await (json ? printJson(found) : printLines(columns(['TAG', 'DIGEST', 'TYPE'], rows)));
  return EXIT.done;
};
