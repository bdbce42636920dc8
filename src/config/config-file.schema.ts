import { z } from 'zod';
import { registryNameSchema } from '../oci/names.js';
import { collectionSchema } from './collection.schema.js';
import { httpUrl, urlOrNull } from './config-file.parts.js';
import { LOG_LEVELS } from './config.js';
import { auditSchema } from './audit-entry.js';
import { durationOfAtLeast, durationSchema, parseDuration } from './duration.js';
import { approvalsSchema, holdsSchema, limitsSchema } from './guardrails.schema.js';
import { httpSchema, rateLimitSchema } from './http.schema.js';
import { identitySchema } from './identity.schema.js';
import { notificationsSchema } from './notifications-entry.js';

const registryUrl = httpUrl.refine(
  (text) => !/[?#]/.test(text) && !/\/(v[12]|api\/v0)\/*$/.test(urlOrNull(text)?.pathname ?? ''),
  { error: 'must end before /v2 (or /v1, /api/v0), without query and fragment' },
);

const credentialsSchema = z
  .strictObject({
    username: z.string().min(1),
    passwordEnv: z
      .string()
      .min(1)
      .optional()
      .describe('Name of the environment variable that holds the password.'),
    passwordFile: z.string().min(1).optional().describe('Path of a file that holds the password.'),
  })
  .refine((c) => (c.passwordEnv === undefined) !== (c.passwordFile === undefined), {
    error: 'needs exactly one of passwordEnv and passwordFile; a password itself never stands in this file',
  })
  .describe('The account that Sexton deletes with: exactly one of passwordEnv and passwordFile.');

const notBelow = (base: string, max: string): boolean =>
  (parseDuration(max) ?? 0) >= (parseDuration(base) ?? 0);

const registryFields = z.strictObject({
  type: z
    .enum(['distribution', 'dtr', 'harbor', 'v1', 'storage'])
    .describe(
      'distribution: Docker Registry, CNCF Distribution and other OCI registries; dtr: Docker Trusted Registry, Mirantis Secure Registry 2 and 3; harbor: Harbor 2.x, MSR 4; v1: the old Python registry; storage: the files of a Docker Registry or CNCF Distribution whose API cannot delete, or that is down.',
    ),
  url: registryUrl
    .optional()
    .describe(
      'Address of the registry, without /v2, /v1 or /api/v0. Of type: storage optional: whether it takes pushes is asked there.',
    ),
  credentials: credentialsSchema.optional(),
  tls: z.strictObject({ caFile: z.string().min(1).describe('PEM of the authorities to trust.') }).optional(),
  tokenRealms: z
    .array(httpUrl)
    .default([])
    .describe('Token servers that may receive the credentials, beside the registry itself.'),
  maxConcurrentRepositories: z
    .int()
    .min(1)
    .max(64)
    .default(8)
    .describe('How many repositories are worked on at once; one repository is never worked on twice.'),
  timeouts: z
    .strictObject({
      connect: durationSchema.default('5s').describe('Until a connection stands.'),
      request: durationSchema.default('30s').describe('From a request to the last byte of its answer.'),
    })
    .prefault({}),
  retries: z
    .strictObject({
      attempts: z.int().min(1).max(10).default(4).describe('Tries inside one call.'),
      base: durationSchema.default('200ms').describe('Longest wait before the second try; it doubles.'),
      max: durationSchema.default('10s').describe('Longest wait before any try.'),
    })
    .refine(({ base, max }) => notBelow(base, max), { path: ['max'], error: 'must not be below base' })
    .prefault({}),
  storage: z
    .strictObject({
      filesystem: z
        .string()
        .min(1)
        .describe('The directory that holds docker/registry/v2; of a v1 registry the one that holds images.'),
      online: z
        .boolean()
        .optional()
        .describe('With type: storage: true changes the files also while the registry takes pushes.'),
    })
    .optional()
    .describe("The registry's own files, for type: storage and for collection."),
  collection: collectionSchema.optional(),
  namespaces: z
    .enum(['required', 'optional'])
    .optional()
    .describe('Of a dtr registry: optional lets a repository be a name alone, without namespace/.'),
});

/** One registry. */
export const registrySchema = registryFields
  .refine(({ type, namespaces }) => namespaces === undefined || type === 'dtr', {
    path: ['namespaces'],
    error: 'is for a registry of type dtr only',
  })
  .refine(({ type, url }) => url !== undefined || type === 'storage', {
    path: ['url'],
    error: 'is required',
  })
  .refine(({ type, storage }) => storage !== undefined || type !== 'storage', {
    path: ['storage'],
    error: 'is required with type: storage',
  })
  .refine(({ type, storage }) => storage?.online === undefined || type === 'storage', {
    path: ['storage', 'online'],
    error: 'is for a registry of type storage only',
  })
  .refine(({ type, url, collection }) => canCollect(type, url, collection?.engine), {
    path: ['collection', 'engine'],
    error: 'must be sexton, command (which needs a url) or none with type: storage',
  });

const canCollect = (
  type: string,
  url: string | undefined,
  engine: NonNullable<z.infer<typeof collectionSchema>>['engine'] | undefined,
): boolean =>
  type !== 'storage' ||
  engine === undefined ||
  engine === 'sexton' ||
  engine === 'none' ||
  (engine === 'command' && url !== undefined);

/** sexton.yaml. Every object is closed: a key that is not known is a mistake, and is named. */
export const configFileSchema = z
  .strictObject({
    registries: z
      .record(registryNameSchema, registrySchema)
      .refine((registries) => Object.keys(registries).length > 0, {
        error: 'must name at least one registry',
      })
      .describe('By the name that clients use.'),
    front: z
      .strictObject({
        hosts: z
          .record(
            z
              .string()
              .regex(/^[a-z0-9.-]+(:\d+)?$/, 'must be a host name in lower case, with or without a port'),
            registryNameSchema,
          )
          .default({})
          .describe('Which registry clients mean that come to such a host; names there have no prefix.'),
        defaultRegistry: registryNameSchema
          .optional()
          .describe('The registry of names that begin with no registry, at any other host.'),
        sharedDigests: z
          .enum(['refuse', 'include'])
          .default('refuse')
          .describe(
            'What DELETE of a digest with several tags does; a registry itself takes them all (include).',
          ),
      })
      .prefault({})
      .describe('The registry-compatible routes, /v2/ and /api/v0/.'),
    holds: holdsSchema,
    approvals: approvalsSchema,
    limits: limitsSchema,
    identity: identitySchema.describe('Who may come in beside the holders of API keys.'),
    http: httpSchema.describe('How Sexton is reached.'),
    rateLimit: rateLimitSchema.describe('How often one caller may ask, and one address may fail to log in.'),
    audit: auditSchema.prefault({}).describe('The proof of what was done.'),
    notifications: notificationsSchema.prefault({}).describe('Whom Sexton tells what happened.'),
    log: z
      .strictObject({
        level: z.enum(LOG_LEVELS).default('info').describe('SEXTON_LOG_LEVEL goes before it.'),
      })
      .prefault({}),
    execution: z
      .strictObject({
        attempts: z
          .int()
          .min(1)
          .max(100)
          .default(12)
          .describe('Tries without progress before a deletion fails.'),
        retryBase: durationSchema.default('2s').describe('Wait before the second try; it doubles.'),
        retryMax: durationSchema.default('5m').describe('Longest wait before any try.'),
        reconcileEvery: durationOfAtLeast(100)
          .default('5s')
          .describe('How often work is looked for whose wake-up was lost.'),
      })
      .refine(({ retryBase, retryMax }) => notBelow(retryBase, retryMax), {
        path: ['retryMax'],
        error: 'must not be below retryBase',
      })
      .prefault({}),
  })
  .meta({ title: 'sexton.yaml', description: 'Configuration of Sexton, the deletion gateway.' });

export type ConfigFile = z.infer<typeof configFileSchema>;

export type RegistryEntry = z.infer<typeof registrySchema>;
