import { z } from 'zod';
import { approvalSchema } from '../approvals/approval-view.js';
import { ERROR_KINDS, type ErrorCode } from '../errors/codes.js';
import { momentSchema } from '../http/moment.js';
import { plainLine, storableText } from '../http/plain-text.js';
import { digestSchema } from '../oci/digest.js';
import { parseReference, registryNameSchema, repositoryNameSchema } from '../oci/names.js';
import { waitingSchema } from '../pause/waiting-view.js';
import { SIBLING_RULES } from '../planning/request.js';
import { DELETION_STATES, TARGET_OUTCOMES } from './deletion-state.js';
import { reasonSchema } from './reason.js';
import { selectorSchema, type StoredSelector } from './selector.dto.js';

const EXAMPLE_DIGEST = 'sha256:9b2a1f0c4d5e6f708192a3b4c5d6e7f8091a2b3c4d5e6f708192a3b4c5d6e7f8';
const errorCode = z.enum(Object.keys(ERROR_KINDS) as [ErrorCode, ...ErrorCode[]]);
const timestamp = z.iso.datetime().nullable();

/** A tag or a whole digest, as text; checked before anything is sent (TRAPS 12, 13, 15). */
const referenceText = z.string().refine((text) => parseReference(text) !== null, {
  error:
    'must be a tag (at most 128 of letters, digits, ".", "_", "-") or a whole digest such as sha256:<64 hex>',
});

const isGiven = (value: unknown): boolean => value !== undefined;

/** Request of `POST /v1/deletions`. */
export const createDeletionSchema = z
  .strictObject({
    registry: registryNameSchema.describe('Name of a configured registry; GET /v1/registries lists them.'),
    repository: repositoryNameSchema,
    references: z.array(referenceText).min(1).max(1000).optional().describe('1 to 1000 tags or digests.'),
    selector: selectorSchema.optional(),
    wholeRepository: z
      .literal(true)
      .optional()
      .describe('Everything in the repository: every tag, and every untagged manifest that can be listed.'),
    reason: reasonSchema.describe('Why; kept in the audit log.'),
    ticket: plainLine(z.string().trim().min(1).max(200)).optional(),
    labels: z
      .record(plainLine(z.string().min(1).max(63)), plainLine(z.string().max(255)))
      .refine((labels) => Object.keys(labels).length <= 32, { error: 'must have at most 32 entries' })
      .default({}),
    siblings: z
      .enum(SIBLING_RULES)
      .default('refuse')
      .describe(
        'What to do when other tags point at the same digest: refuse; untag (remove only what was named); include (remove them all); single (a digest goes with its only tag, more are refused).',
      ),
    referrers: z.enum(['keep', 'include']).default('include'),
    children: z
      .enum(['keep', 'include'])
      .default('include')
      .describe('Manifests that only the deleted indexes hold.'),
    dryRun: z.boolean().default(false).describe('Plan only; POST …/execute runs the plan exactly as shown.'),
    runIn: z
      .enum(['now', 'window'])
      .default('now')
      .describe("window: it waits until the registry's maintenance window opens, and stops when it closes."),
  })
  .refine((asked) => [asked.references, asked.selector, asked.wholeRepository].filter(isGiven).length === 1, {
    path: ['references'],
    error: 'must be there, or selector, or wholeRepository: exactly one of them says what to delete',
  })
  .meta({
    id: 'CreateDeletion',
    example: {
      registry: 'prod',
      repository: 'team-a/app',
      references: ['v1.0'],
      reason: 'CVE-2026-1234',
      ticket: 'OPS-17',
    },
  });

export type CreateDeletion = z.infer<typeof createDeletionSchema>;

/** What to keep of a request that names no references. */
export const storedSelector = (request: CreateDeletion): StoredSelector => request.selector ?? 'everything';

const planTarget = z.object({
  kind: z
    .enum(['tag', 'manifest'])
    .describe('tag: only the tag goes; manifest: it goes with every tag in tags.'),
  reference: z.string(),
  digest: digestSchema,
  mediaType: z.string(),
  size: z.number().int().describe('Bytes of the manifest itself.'),
  because: z.enum(['requested', 'sibling', 'child', 'referrer']),
  tags: z.array(z.string()).describe('Every tag that goes with it.'),
  siblings: z.array(z.string()),
  parents: z.array(z.string()),
  children: z.array(z.string()),
  referrers: z.array(z.string()),
});

const refusal = z.looseObject({
  reference: z.string(),
  code: errorCode,
  message: z.string(),
  tags: z.array(z.string()).optional(),
  parents: z.array(z.string()).optional(),
});

export const planSchema = z
  .object({
    hash: z.string(),
    reclaimableBytes: z.object({
      value: z.number().int(),
      exact: z.boolean().describe('false: at most this much, because not every image was read.'),
    }),
    targets: z.array(planTarget),
    refusals: z.array(refusal),
    selected: z
      .array(
        z.object({
          reference: z.string(),
          digest: z.string(),
          age: z.object({ at: z.iso.datetime(), basis: z.enum(['pushed', 'created']) }).nullable(),
        }),
      )
      .nullable()
      .describe('What the selector came to; null where the references were named. What runs is this.'),
    notes: z.array(z.string()),
  })
  .meta({ id: 'Plan' });

/** One deletion, as every client sees it (DESIGN §5: the field names are the contract). */
export const deletionSchema = z
  .object({
    id: z.string(),
    registry: z.string(),
    repository: z.string(),
    references: z.array(z.string()).describe('As the caller named them; empty with a selector.'),
    selector: selectorSchema.nullable(),
    wholeRepository: z.boolean(),
    state: z.enum(DELETION_STATES),
    dryRun: z.boolean(),
    reason: z.string(),
    ticket: z.string().nullable(),
    labels: z.record(z.string(), z.string()),
    siblings: z.enum(SIBLING_RULES),
    referrers: z.enum(['keep', 'include']),
    children: z.enum(['keep', 'include']),
    requestedBy: z.object({ id: z.string(), name: z.string() }),
    createdAt: z.iso.datetime(),
    plannedAt: timestamp,
    startedAt: timestamp,
    finishedAt: timestamp,
    restoredAt: timestamp,
    restorableUntil: timestamp.describe(
      'Until when it is sure that it can be restored. null: there is nothing to restore, or until the registry collects its garbage, of which Sexton knows nothing here.',
    ),
    progress: z
      .object({
        stage: z.enum(['tags', 'ages', 'manifests']),
        done: z.number().int(),
        total: z.number().int(),
      })
      .nullable()
      .describe('How far planning has come; null before and after.'),
    problem: z
      .object({ code: errorCode, message: z.string(), retryAt: timestamp })
      .nullable()
      .describe('What went wrong last; with retryAt while Sexton tries again by itself.'),
    runIn: z.enum(['now', 'window']),
    waiting: waitingSchema.describe(
      'What a queued deletion waits for; null where it waits only for its turn.',
    ),
    approval: approvalSchema.describe('Who has to agree and who did; null where nobody has to.'),
    plan: planSchema.nullable().describe('null until it is planned.'),
    targets: z
      .array(
        z.object({
          reference: z.string(),
          digest: z.string(),
          outcome: z.enum(TARGET_OUTCOMES).nullable().describe('null: not done yet.'),
          code: errorCode.nullable(),
          message: z.string().nullable(),
          startedAt: timestamp,
          at: timestamp,
        }),
      )
      .describe('In the order of execution.'),
  })
  .meta({
    id: 'Deletion',
    example: {
      id: '01JD3M2Q8V4T7X9Y1Z5A6B8C0D',
      registry: 'prod',
      repository: 'team-a/app',
      references: ['v1.0'],
      selector: null,
      wholeRepository: false,
      state: 'succeeded',
      dryRun: false,
      reason: 'CVE-2026-1234',
      ticket: 'OPS-17',
      labels: {},
      siblings: 'refuse',
      referrers: 'include',
      children: 'include',
      requestedBy: { id: 'key_01JD3KX', name: 'team-a ci' },
      createdAt: '2026-11-23T10:00:00.000Z',
      plannedAt: '2026-11-23T10:00:00.120Z',
      startedAt: '2026-11-23T10:00:00.180Z',
      finishedAt: '2026-11-23T10:00:00.260Z',
      restoredAt: null,
      restorableUntil: null,
      progress: null,
      problem: null,
      runIn: 'now',
      waiting: null,
      approval: null,
      plan: {
        hash: 'sha256:1d0c4f3b2a19e8d7c6b5a493827160f5e4d3c2b1a09f8e7d6c5b4a3928170615',
        reclaimableBytes: { value: 52428800, exact: false },
        targets: [
          {
            kind: 'manifest',
            reference: 'v1.0',
            digest: EXAMPLE_DIGEST,
            mediaType: 'application/vnd.oci.image.manifest.v1+json',
            size: 1234,
            because: 'requested',
            tags: ['v1.0'],
            siblings: [],
            parents: [],
            children: [],
            referrers: [],
          },
        ],
        refusals: [],
        selected: null,
        notes: [],
      },
      targets: [
        {
          reference: 'v1.0',
          digest: EXAMPLE_DIGEST,
          outcome: 'deleted',
          code: null,
          message: null,
          startedAt: '2026-11-23T10:00:00.190Z',
          at: '2026-11-23T10:00:00.250Z',
        },
      ],
    },
  });

export type DeletionView = z.infer<typeof deletionSchema>;

/** Query of `GET /v1/deletions`. */
export const listDeletionsSchema = z.strictObject({
  registry: registryNameSchema.optional(),
  repository: repositoryNameSchema.optional(),
  state: z.enum(DELETION_STATES).optional(),
  requestedBy: storableText(z.string().min(1).max(200)).optional().describe("The requester's id."),
  since: momentSchema.optional().describe('Created at or after.'),
  until: momentSchema.optional().describe('Created before.'),
  limit: z.coerce.number().int().min(1).max(200).default(50),
  cursor: z.string().max(500).optional().describe('nextCursor of the page before.'),
});

export type ListDeletions = z.infer<typeof listDeletionsSchema>;

export const deletionListSchema = z
  .object({ items: z.array(deletionSchema), nextCursor: z.string().nullable() })
  .meta({ id: 'DeletionList', description: 'Newest first.' });

/** Body of cancel and execute. */
export const withReasonSchema = z.strictObject({ reason: reasonSchema }).meta({
  id: 'WithReason',
  example: { reason: 'asked for the wrong tag' },
});

export type WithReason = z.infer<typeof withReasonSchema>;

/** Body of restore. */
export const restoreSchema = z
  .strictObject({
    reason: reasonSchema,
    overwriteTags: z
      .boolean()
      .default(false)
      .describe('Move back tags that point elsewhere by now; without it they are left alone.'),
  })
  .meta({ id: 'RestoreDeletion', example: { reason: 'the wrong image was named in OPS-17' } });

export type RestoreDeletion = z.infer<typeof restoreSchema>;
