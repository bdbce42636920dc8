import { z } from 'zod';
import { momentSchema } from '../http/moment.js';
import { plainLine } from '../http/plain-text.js';
import { ROLES } from './permissions.js';
import { scopeSchema } from './scope.js';

export const createApiKeySchema = z
  .strictObject({
    name: plainLine(z.string().trim().min(1).max(100)).describe('Who uses it; shown in the audit log.'),
    role: z.enum(ROLES),
    scopes: z
      .array(scopeSchema)
      .max(100)
      .default([])
      .describe(
        'Where: <registry>/<repository>:<actions>, such as prod/team-a/**:delete,read. Admins need none.',
      ),
    owner: plainLine(z.string().trim().min(1).max(255))
      .optional()
      .describe(
        "The person it belongs to, such as the issuer's sub: nobody approves with one key what they asked for with another.",
      ),
    expiresAt: momentSchema.optional(),
  })
  .meta({
    id: 'CreateApiKey',
    example: { name: 'team-a ci', role: 'requester', scopes: ['prod/team-a/**:delete,read'] },
  });

export type CreateApiKey = z.infer<typeof createApiKeySchema>;

const timestamp = z.iso.datetime().nullable();

export const apiKeySchema = z
  .object({
    id: z.string(),
    name: z.string(),
    prefix: z.string().describe('How the secret begins.'),
    role: z.enum(ROLES),
    scopes: z.array(z.string()),
    createdAt: z.iso.datetime(),
    createdBy: z.string(),
    owner: z.string().nullable(),
    expiresAt: timestamp,
    revokedAt: timestamp,
    lastUsedAt: timestamp,
  })
  .meta({ id: 'ApiKey' });

export type ApiKeyView = z.infer<typeof apiKeySchema>;

export const createdApiKeySchema = apiKeySchema
  .extend({ secret: z.string().describe('Shown this once; Sexton keeps only its hash.') })
  .meta({
    id: 'CreatedApiKey',
    example: {
      id: 'key_01JD3M2Q8V4T7X9Y1Z5A6B8C0D',
      name: 'team-a ci',
      prefix: 'sxt_q0Zk8b',
      role: 'requester',
      scopes: ['prod/team-a/**:delete,read'],
      createdAt: '2026-11-23T10:00:00.000Z',
      createdBy: 'key_01JD3KX',
      owner: null,
      expiresAt: null,
      revokedAt: null,
      lastUsedAt: null,
      secret: 'sxt_…',
    },
  });

export const apiKeyListSchema = z
  .object({ items: z.array(apiKeySchema), nextCursor: z.string().nullable() })
  .meta({ id: 'ApiKeyList' });

export const listApiKeysSchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional(),
});

export type ListApiKeys = z.infer<typeof listApiKeysSchema>;
