import { open } from 'node:fs/promises';
import { z } from 'zod';
import type { components } from '../../public-api/openapi.js';
import { connect, type Server } from '../client/client.js';
import { firstOf } from '../client/pages.js';
import { CommandError, EXIT, type ExitCode } from '../exit-codes.js';
import { columns } from '../output/columns.js';
import { printJson, printLines } from '../output/print.js';

type CreatedKey = components['schemas']['CreatedApiKey'];

const jsonSchema = z.object({ json: z.boolean().default(false) });
const secretSchema = jsonSchema.extend({ secretFile: z.string().exactOptional() });

/** `sexton keys list`. */
export const runList = async (parsed: unknown): Promise<ExitCode> => {
  const { json, limit } = jsonSchema.extend({ limit: z.number() }).parse(parsed);
  const server = connect();
  const found = await firstOf(limit, 200, (query) =>
    server.answer(server.api.GET('/v1/api-keys', { params: { query } })),
  );
  const rows = found.items.map(
    ({ id, name, prefix, role, scopes, owner, expiresAt, revokedAt, lastUsedAt }) => [
      id,
      name,
      `${prefix}…`,
      role,
      owner,
      revokedAt ? `revoked ${revokedAt}` : `expires ${expiresAt ?? 'never'}`,
      lastUsedAt ?? 'never',
      scopes.join(' '),
    ],
  );
  const heading = ['ID', 'NAME', 'PREFIX', 'ROLE', 'OWNER', 'STATE', 'LAST USED', 'SCOPES'];
  await (json ? printJson(found) : printLines(columns(heading, rows)));
  return EXIT.done;
};

const createSchema = secretSchema.extend({
  role: z.enum(['requester', 'approver', 'operator', 'auditor', 'admin']),
  scope: z.array(z.string()),
  owner: z.string().exactOptional(),
  expiresAt: z.string().exactOptional(),
});

/** `sexton keys create`. */
export const runCreate = (name: string, parsed: unknown): Promise<ExitCode> => {
  const { role, scope: scopes, owner, expiresAt, ...show } = createSchema.parse(parsed);
  const body = {
    name,
    role,
    scopes,
    ...(owner !== undefined && { owner }),
    ...(expiresAt !== undefined && { expiresAt }),
  };
  return withNewSecret(show, (server) => server.answer(server.api.POST('/v1/api-keys', { body })));
};

/** `sexton keys rotate`. */
export const runRotate = (id: string, parsed: unknown): Promise<ExitCode> =>
  withNewSecret(secretSchema.parse(parsed), (server) =>
    server.answer(server.api.POST('/v1/api-keys/{id}/rotate', { params: { path: { id } } })),
  );

/** `sexton keys revoke`. */
export const runRevoke = async (id: string, parsed: unknown): Promise<ExitCode> => {
  const { json } = jsonSchema.parse(parsed);
  const server = connect();
  await server.done(server.api.DELETE('/v1/api-keys/{id}', { params: { path: { id } } }));
  await (json ? printJson({ id, revoked: true }) : printLines([`${id} is revoked`]));
  return EXIT.done;
};

/** The file is there, empty and ours, before the secret exists: one that cannot be kept must not be made. */
const withNewSecret = async (
  { json, secretFile }: z.infer<typeof secretSchema>,
  make: (server: Server) => Promise<CreatedKey>,
): Promise<ExitCode> => {
  const server = connect();
  const file = secretFile === undefined ? null : await openNew(secretFile);
  try {
    const { secret, ...key } = await make(server);
    await file?.writeFile(`${secret}\n`);
    const shown = file === null ? { ...key, secret } : { ...key, secretFile };
    const where =
      file === null ? `secret, shown this once: ${secret}` : `its secret is in ${secretFile ?? ''}`;
    await (json ? printJson(shown) : printLines([`${key.id}  ${key.name}  ${key.role}`, where]));
    return EXIT.done;
  } finally {
    await file?.close();
  }
};

const openNew = (path: string) =>
  open(path, 'wx', 0o600).catch((error: unknown) => {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown';
    throw new CommandError(`--secret-file ${path} cannot be made (${code}); nothing was asked of Sexton`);
  });
