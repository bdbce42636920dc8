import { z } from 'zod';
import { registryWaitingSchema } from '../pause/waiting-view.js';
import { repositoryNameSchema } from '../oci/names.js';

export const registryStatusSchema = z
  .object({
    name: z.string(),
    type: z.string(),
    reachable: z.boolean(),
    checkedAt: z.iso.datetime(),
    capabilities: z.object({
      deletes: z
        .enum(['manifests', 'tags'])
        .describe('tags: only tags can be deleted, each alone; what they point at stays.'),
      deletion: z
        .enum(['enabled', 'disabled', 'read_only', 'unknown'])
        .describe('As the registry itself answered a probe.'),
      untag: z.enum(['native', 'replace', 'none']).describe('How one tag can go while its manifest stays.'),
      referrersApi: z.boolean(),
      listsUntagged: z.boolean(),
      untagsDangling: z.boolean().optional().describe('A tag can be removed although its manifest is gone.'),
      deletesAlong: z
        .boolean()
        .optional()
        .describe('Untagged children and referrers go with a manifest, and cannot be kept.'),
    }),
    problem: z.object({ code: z.string(), message: z.string() }).nullable(),
    waiting: registryWaitingSchema.describe(
      'What all accepted work of this registry waits for; null where it goes on.',
    ),
  })
  .meta({ id: 'RegistryStatus' });

export type RegistryStatusView = z.infer<typeof registryStatusSchema>;

export const registryListSchema = z
  .object({ items: z.array(registryStatusSchema), nextCursor: z.null() })
  .meta({
    id: 'RegistryList',
    example: {
      items: [
        {
          name: 'prod',
          type: 'distribution',
          reachable: true,
          checkedAt: '2026-11-23T10:00:00.000Z',
          capabilities: {
            deletes: 'manifests',
            deletion: 'enabled',
            untag: 'replace',
            referrersApi: false,
            listsUntagged: false,
          },
          problem: null,
          waiting: null,
        },
      ],
      nextCursor: null,
    },
  });

export const pageQuerySchema = z.strictObject({
  limit: z.coerce.number().int().min(1).max(1000).default(100),
  cursor: z.string().max(500).optional().describe('nextCursor of the page before.'),
});

export type PageQuery = z.infer<typeof pageQuerySchema>;

export const tagsQuerySchema = pageQuerySchema.extend({ repository: repositoryNameSchema });

export type TagsQuery = z.infer<typeof tagsQuerySchema>;

export const repositoryListSchema = z
  .object({ items: z.array(z.object({ name: z.string() })), nextCursor: z.string().nullable() })
  .meta({ id: 'RepositoryList', example: { items: [{ name: 'team-a/app' }], nextCursor: null } });

export type RepositoryListView = z.infer<typeof repositoryListSchema>;

export const tagListSchema = z
  .object({
    items: z.array(
      z.object({
        name: z.string(),
        digest: z.string().nullable().describe('null: the tag points at a manifest that is gone.'),
        mediaType: z.string().nullable(),
      }),
    ),
    nextCursor: z.string().nullable(),
  })
  .meta({
    id: 'TagList',
    example: {
      items: [
        { name: 'v1.0', digest: 'sha256:9b2a…', mediaType: 'application/vnd.oci.image.manifest.v1+json' },
      ],
      nextCursor: null,
    },
  });

export type TagListView = z.infer<typeof tagListSchema>;
