import { z } from 'zod';
import { reasonSchema } from '../deletions/reason.js';
import { repositoryGlobSchema, tagGlobSchema } from '../glob/glob.schema.js';
import { momentSchema } from '../http/moment.js';
import { plainLine } from '../http/plain-text.js';
import { digestSchema } from '../oci/digest.js';
import { registryNameSchema, repositoryNameSchema } from '../oci/names.js';

const timestamp = z.iso.datetime().nullable();
const notBoth = { path: ['digest'], error: 'must not be there with tags: one of them, or neither' };

/** Request of `POST /v1/holds`. */
export const createHoldSchema = z
  .strictObject({
    registry: registryNameSchema,
    repository: repositoryGlobSchema.describe(
      'Where: a repository, or a glob such as team-a/** (everything below team-a, and not team-a itself).',
    ),
    tags: tagGlobSchema.optional().describe('Tags of such a name, and the images that they point at.'),
    digest: digestSchema.optional().describe('One manifest, and all its tags.'),
    reason: reasonSchema.describe('Shown to whoever asks for a deletion that the hold refuses.'),
    owner: plainLine(z.string().trim().min(1).max(200))
      .optional()
      .describe('Whom to ask about it; left out, whoever makes it.'),
    expiresAt: momentSchema.optional(),
    legal: z.boolean().default(false).describe('true: two different people must lift it.'),
  })
  .refine(({ tags, digest }) => tags === undefined || digest === undefined, notBoth)
  .meta({
    id: 'CreateHold',
    description: 'Without tags and digest everything in the repositories is held, untagged manifests too.',
    example: {
      registry: 'prod',
      repository: 'team-a/**',
      tags: 'release-*',
      reason: 'shipped to customers',
      owner: 'release engineering',
    },
  });

export type CreateHold = z.infer<typeof createHoldSchema>;

const lifting = z
  .object({
    by: z.object({ id: z.string(), name: z.string() }),
    reason: z.string(),
    at: z.iso.datetime(),
  })
  .nullable();

export const holdSchema = z
  .object({
    id: z.string(),
    source: z.enum(['api', 'config']).describe('config: it stands in sexton.yaml, and is removed there.'),
    registry: z.string(),
    repository: z.string(),
    tags: z.string().nullable(),
    digest: z.string().nullable(),
    reason: z.string(),
    owner: z.string().nullable(),
    legal: z.boolean(),
    state: z.enum(['in_force', 'expired', 'lifted']),
    createdAt: timestamp,
    createdBy: z.object({ id: z.string(), name: z.string() }).nullable(),
    expiresAt: timestamp,
    liftRequested: lifting.describe('Of a legal hold: who asked to lift it. Somebody else must ask too.'),
    lifted: lifting,
  })
  .meta({
    id: 'Hold',
    example: {
      id: 'hold_01JD3M2Q8V4T7X9Y1Z5A6B8C0D',
      source: 'api',
      registry: 'prod',
      repository: 'team-a/**',
      tags: 'release-*',
      digest: null,
      reason: 'shipped to customers',
      owner: 'release engineering',
      legal: false,
      state: 'in_force',
      createdAt: '2026-11-23T10:00:00.000Z',
      createdBy: { id: 'key_01JD3KX', name: 'an operator' },
      expiresAt: null,
      liftRequested: null,
      lifted: null,
    },
  });

export type HoldView = z.infer<typeof holdSchema>;

export const listHoldsSchema = z.strictObject({
  registry: registryNameSchema.optional(),
  repository: repositoryNameSchema.optional().describe('Only holds that are about this repository.'),
  state: z
    .enum(['in_force', 'over', 'all'])
    .default('in_force')
    .describe('over: expired or lifted. Those of sexton.yaml are always in force.'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional().describe('nextCursor of the page before.'),
});

export type ListHolds = z.infer<typeof listHoldsSchema>;

export const holdListSchema = z
  .object({ items: z.array(holdSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'HoldList', description: 'Those of sexton.yaml first, then newest first.' });
