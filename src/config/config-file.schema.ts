import { z } from 'zod';
import { registryNameSchema } from '../oci/names.js';
import { LOG_LEVELS } from './config.js';
import { durationSchema } from './duration.js';

export const urlOrNull = (text: string): URL | null => (URL.canParse(text) ? new URL(text) : null);

const httpUrl = z.string().refine(
  (text) => {
    const url = urlOrNull(text);
    return (
      url !== null &&
      (url.protocol === 'https:' || url.protocol === 'http:') &&
      !url.username &&
      !url.password
    );
  },
  { error: 'must be an http:// or https:// URL without user or password (use credentials)' },
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
  });

const registrySchema = z.strictObject({
  type: z.literal('distribution').describe('Docker Registry, CNCF Distribution and other OCI registries.'),
  url: httpUrl.describe('Address of the registry, without /v2.'),
  credentials: credentialsSchema.optional(),
  tls: z.strictObject({ caFile: z.string().min(1).describe('PEM of the authorities to trust.') }).optional(),
  tokenRealms: z
    .array(httpUrl)
    .default([])
    .describe('Token servers that may receive the credentials, beside the registry itself.'),
  maxConcurrentRepositories: z.int().min(1).max(64).default(8),
  timeouts: z
    .strictObject({ connect: durationSchema.default('5s'), request: durationSchema.default('30s') })
    .prefault({}),
  retries: z
    .strictObject({
      attempts: z.int().min(1).max(10).default(4).describe('Tries inside one call.'),
      base: durationSchema.default('200ms'),
      max: durationSchema.default('10s'),
    })
    .prefault({}),
});

/** sexton.yaml. Every object is closed: a key that is not known is a mistake, and is named. */
export const configFileSchema = z
  .strictObject({
    registries: z
      .record(registryNameSchema, registrySchema)
      .refine((registries) => Object.keys(registries).length > 0, {
        error: 'must name at least one registry',
      })
      .describe('By the name that clients use.'),
    log: z.strictObject({ level: z.enum(LOG_LEVELS).default('info') }).prefault({}),
    execution: z
      .strictObject({
        attempts: z
          .int()
          .min(1)
          .max(100)
          .default(12)
          .describe('Tries without progress before a deletion fails.'),
        retryBase: durationSchema.default('2s'),
        retryMax: durationSchema.default('5m'),
        reconcileEvery: durationSchema.default('5s'),
      })
      .prefault({}),
  })
  .meta({ title: 'sexton.yaml', description: 'Configuration of Sexton, the deletion gateway.' });

export type ConfigFile = z.infer<typeof configFileSchema>;

export type RegistryEntry = z.infer<typeof registrySchema>;
