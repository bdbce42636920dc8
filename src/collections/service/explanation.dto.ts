import { z } from 'zod';

/** Answer of `GET /v1/registries/{registry}/blobs/{digest}/explanation`. */
export const explanationSchema = z
  .object({
    registry: z.string(),
    digest: z.string(),
    standing: z
      .enum(['needed', 'kept_in_doubt', 'too_young', 'garbage', 'in_quarantine', 'purged', 'absent'])
      .describe('Where the blob stands with the collector now.'),
    message: z.string(),
    sizeBytes: z.number().int().nullable(),
    because: z.string().nullable().describe('Why it may go, or what leaves it in doubt.'),
    paths: z
      .array(
        z.object({
          repository: z.string(),
          tag: z.string().nullable().describe('null: held by the link to a manifest without a tag.'),
          steps: z.array(
            z.object({ digest: z.string(), role: z.string().describe('What the step before calls it.') }),
          ),
        }),
      )
      .describe('For the first repositories, of those that your scopes let you read, how it is needed.'),
  })
  .meta({
    id: 'BlobExplanation',
    example: {
      registry: 'prod',
      digest: 'sha256:9b2a1f0c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8',
      standing: 'needed',
      message: 'An image needs it; paths says which.',
      sizeBytes: 52428800,
      because: null,
      paths: [
        {
          repository: 'team-a/app',
          tag: 'v1.0',
          steps: [
            { digest: 'sha256:0c4d…', role: 'manifest' },
            { digest: 'sha256:9b2a…', role: 'blob' },
          ],
        },
      ],
    },
  });

export type ExplanationView = z.infer<typeof explanationSchema>;
