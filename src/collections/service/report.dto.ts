import { z } from 'zod';
import { collectionSchema } from './collections.dto.js';

const repositories = z.array(z.string()).describe('Those that your scopes let you read.');

/** One line of a report. */
const findingSchema = z
  .discriminatedUnion('kind', [
    z.object({
      kind: z.literal('blob'),
      digest: z.string(),
      sizeBytes: z.number().int().nullable(),
      because: z.string().describe('Why it may go.'),
      repositories,
    }),
    z.object({ kind: z.literal('untagged'), repository: z.string().nullable(), digest: z.string() }),
    z.object({
      kind: z.literal('repository'),
      repository: z.string().nullable(),
      liveBytes: z.number().int(),
      garbageBytes: z.number().int().describe('Garbage that only this repository links.'),
    }),
    z.object({
      kind: z.literal('fault'),
      path: z.string(),
      problem: z.string(),
      repository: z.string().nullable(),
      undecided: z.enum(['nothing', 'repository', 'everything']).describe('What stays because of it.'),
    }),
    z.object({ kind: z.literal('log'), line: z.string() }),
  ])
  .meta({ id: 'CollectionFinding' });

export type FindingView = z.infer<typeof findingSchema>;

export const reportSchema = z
  .object({
    collection: collectionSchema,
    items: z.array(findingSchema),
    nextCursor: z.string().nullable(),
  })
  .meta({ id: 'CollectionReport' });

export type ReportView = z.infer<typeof reportSchema>;

/** Query of `GET /v1/collections/{id}/report`. */
export const reportQuerySchema = z.strictObject({
  format: z
    .enum(['json', 'ndjson'])
    .default('json')
    .describe('ndjson: the whole report, one finding a line, as a stream.'),
  limit: z.coerce.number().int().min(1).max(1000).default(200),
  cursor: z.string().max(500).optional().describe('nextCursor of the page before.'),
});

export type ReportQuery = z.infer<typeof reportQuerySchema>;
