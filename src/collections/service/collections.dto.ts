import { z } from 'zod';
import { ERROR_KINDS, type ErrorCode } from '../../errors/codes.js';
import { plainLine } from '../../http/plain-text.js';
import { registryNameSchema } from '../../oci/names.js';
import { reasonSchema } from '../../deletions/reason.js';
import { ENGINE_KINDS, MODES } from '../collection-options.js';
import { COLLECTION_STATES, WHENS } from './collection-state.js';

const errorCode = z.enum(Object.keys(ERROR_KINDS) as [ErrorCode, ...ErrorCode[]]);
const timestamp = z.iso.datetime().nullable();
const totals = z.object({ count: z.number().int(), bytes: z.number().int() });
const EXAMPLE_ID = '01JD3M2Q8V4T7X9Y1Z5A6B8C0D';

/** Request of `POST /v1/collections`. */
export const createCollectionSchema = z
  .strictObject({
    registry: registryNameSchema.describe('Name of a configured registry; GET /v1/registries lists them.'),
    when: z
      .enum(WHENS)
      .default('window')
      .describe('window: in the maintenance windows of the registry alone. now: at once, for operators.'),
    mode: z
      .enum(MODES)
      .default('collect')
      .describe(
        'collect: what nothing needs goes into quarantine. dry-run: only says what would go, and why. purge: what has waited there for the retention goes for good.',
      ),
    untagged: z
      .enum(['keep', 'collect'])
      .optional()
      .describe('Manifests without a tag, for operators; by default as the registry is configured.'),
    reason: reasonSchema.describe('Why; kept in the audit log.'),
    ticket: plainLine(z.string().trim().min(1).max(200)).optional(),
  })
  .meta({
    id: 'CreateCollection',
    example: { registry: 'prod', mode: 'collect', when: 'window', reason: 'monthly clean-up' },
  });

export type CreateCollection = z.infer<typeof createCollectionSchema>;

const summarySchema = z.object({
  repositories: z.number().int().nullable(),
  manifests: z.number().int().nullable(),
  garbage: z
    .object({ count: z.number().int().nullable(), bytes: z.number().int().nullable() })
    .describe('What may go; each blob once, whoever linked it.'),
  reasons: z.record(z.string(), totals).describe('The same, by the reason why.'),
  young: totals.nullable().describe('Garbage within the grace period.'),
  keptInDoubt: totals.nullable().describe('What stays because something could not be read.'),
  blocked: z.string().nullable().describe('Why nothing may go.'),
  faults: z.number().int(),
});

/** One collection, as every client sees it. */
export const collectionSchema = z
  .object({
    id: z.string(),
    registry: z.string(),
    engine: z.enum(ENGINE_KINDS),
    state: z.enum(COLLECTION_STATES).describe('paused: its window has closed; the next one goes on.'),
    when: z.enum(WHENS),
    mode: z.enum(MODES),
    untagged: z.enum(['keep', 'collect']),
    reason: z.string(),
    ticket: z.string().nullable(),
    requestedBy: z.object({ id: z.string(), name: z.string() }),
    createdAt: z.iso.datetime(),
    startedAt: timestamp,
    finishedAt: timestamp,
    opensAt: timestamp.describe('For one that waits for a window: when the next one opens.'),
    cancelRequested: z.boolean(),
    undoRequested: z.boolean(),
    problem: z
      .object({ code: errorCode, message: z.string(), retryAt: timestamp })
      .nullable()
      .describe('What went wrong last; with retryAt while Sexton tries again by itself.'),
    batches: z.number().int(),
    quarantined: totals.describe('Taken out of the registry by now.'),
    restored: totals.describe('Of these, brought back because they were needed, or by an undo.'),
    purged: totals.describe('Of these, gone for good.'),
    summary: summarySchema.nullable().describe('null until the registry was looked at.'),
  })
  .meta({
    id: 'Collection',
    example: {
      id: EXAMPLE_ID,
      registry: 'prod',
      engine: 'sexton',
      state: 'paused',
      when: 'window',
      mode: 'collect',
      untagged: 'keep',
      reason: 'monthly clean-up',
      ticket: null,
      requestedBy: { id: 'key_01JD3KX', name: 'operations' },
      createdAt: '2026-11-27T10:00:00.000Z',
      startedAt: '2026-11-27T18:00:00.200Z',
      finishedAt: null,
      opensAt: '2026-11-28T18:00:00.000Z',
      cancelRequested: false,
      undoRequested: false,
      problem: null,
      batches: 12,
      quarantined: { count: 2400, bytes: 73014444032 },
      restored: { count: 0, bytes: 0 },
      purged: { count: 0, bytes: 0 },
      summary: {
        repositories: 500,
        manifests: 10000,
        garbage: { count: 5000, bytes: 150323855360 },
        reasons: { layer_unreferenced: { count: 5000, bytes: 150323855360 } },
        young: { count: 3, bytes: 1234 },
        keptInDoubt: { count: 0, bytes: 0 },
        blocked: null,
        faults: 0,
      },
    },
  });

export type CollectionView = z.infer<typeof collectionSchema>;

export const collectionListSchema = z
  .object({ items: z.array(collectionSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'CollectionList', description: 'Newest first.' });

/** Query of `GET /v1/collections`. */
export const listCollectionsSchema = z.strictObject({
  registry: registryNameSchema.optional(),
  state: z.enum(COLLECTION_STATES).optional(),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional().describe('nextCursor of the page before.'),
});

export type ListCollections = z.infer<typeof listCollectionsSchema>;

/** Body of cancel and undo. */
export const changeCollectionSchema = z
  .strictObject({ reason: reasonSchema })
  .meta({ id: 'ChangeCollection', example: { reason: 'the release is today' } });

export type ChangeCollection = z.infer<typeof changeCollectionSchema>;

/** Body of resume. */
export const resumeCollectionSchema = z
  .strictObject({
    reason: reasonSchema,
    when: z
      .enum(WHENS)
      .optional()
      .describe('now goes on at once, out of the window; by default as asked for.'),
  })
  .meta({ id: 'ResumeCollection', example: { reason: 'the disk is nearly full', when: 'now' } });

export type ResumeCollection = z.infer<typeof resumeCollectionSchema>;
